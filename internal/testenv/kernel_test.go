package testenv

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// recorder is a test whose end is seen from outside.
type recorder struct {
	testing.TB
	outcome string
}

type ended struct{}

func (r *recorder) Helper() {}

func (r *recorder) Skip(args ...any) { r.end("skip: " + fmt.Sprint(args...)) }

func (r *recorder) Skipf(format string, args ...any) { r.end("skip: " + fmt.Sprintf(format, args...)) }

func (r *recorder) Fatalf(format string, args ...any) {
	r.end("fail: " + fmt.Sprintf(format, args...))
}

func (r *recorder) end(outcome string) {
	r.outcome = outcome
	panic(ended{})
}

// outcome runs Kernel and returns how it ended the test, or "run".
func outcome(t *testing.T, features ...string) string {
	r := &recorder{TB: t, outcome: "run"}
	func() {
		defer func() {
			if p := recover(); p != nil && p != (ended{}) {
				panic(p)
			}
		}()
		Kernel(r, features...)
	}()
	return r.outcome
}

func TestKernelSkipsOutside(t *testing.T) {
	t.Setenv("VMRUN", "")
	t.Setenv("ROK_TEST_NATIVE", "")
	require.Contains(t, outcome(t, "linear"), "skip: needs a kernel")
}

// Inside, a skip must have a proof.
func TestKernelFeatures(t *testing.T) {
	Kernel(t)
	tests := []struct{ feature, want string }{
		{"linear", "run"},
		{"thin-pool", "run"},
		{"thin 1.1", "run"},
		{"snapshot-merge", "run"},
		{"dm 4.41", "run"},
		{"linux 5.8", "run"},
		{"module brd", "run"},
		{"program true", "run"},
		{"linux 99.0", "skip: kernel"},
		{"dm 99.0", "skip: kernel"},
		{"thin-pool 99.0", "skip: kernel"},
		{"no-such-target", "fail: testenv: kernel"},
		{"module no-such-module", "fail: testenv: kernel"},
		{"program no-such-program", "fail: testenv: kernel"},
		{"thin-pool one", "fail: testenv: kernel"},
	}
	for _, tt := range tests {
		t.Run(tt.feature, func(t *testing.T) {
			require.Contains(t, outcome(t, tt.feature), tt.want)
		})
	}
}

// What lacking.go says of the running kernel is true.
func TestKernelLacking(t *testing.T) {
	Kernel(t)
	k, err := openKernel()
	require.NoError(t, err)
	defer k.control.Close()
	for feature := range lacking[Virtual()] {
		if first, ok := since[feature]; ok && k.release.less(first) {
			continue
		}
		require.Error(t, k.absent(feature), "%s is there: take it out of lacking.go", feature)
	}
}

func TestExcuse(t *testing.T) {
	k := &kernel{release: version{6, 1}}
	absent := errors.New("absent")
	t.Setenv("VMRUN_KERNEL", "6.1")
	require.Contains(t, k.excuse("vdo", absent), "came with Linux 6.9")
	require.Contains(t, k.excuse("clone 1.0", absent), "CONFIG_DM_CLONE")
	require.Contains(t, k.excuse("dm 4.99", tooOld{version{4, 47}}), "has version 4.47")
	require.Empty(t, k.excuse("thin", absent))
	t.Setenv("VMRUN_KERNEL", "")
	require.Empty(t, k.excuse("clone", absent))
}
