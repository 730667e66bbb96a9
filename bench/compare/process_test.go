package compare

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestProcess(t *testing.T) {
	p := thisProcess()
	require.Equal(t, os.Getpid(), p.pid)
	require.NotEmpty(t, p.start)
	require.Equal(t, p, parseProcess(p.String()))
	require.False(t, p.dying())
	for _, text := range []string{"", "\n", "12", "x 12", "-1 12", "0 12"} {
		require.Zero(t, parseProcess(text), text)
	}
	require.False(t, process{}.dying())
	// Another process that has the number now.
	require.False(t, process{pid: 1, start: "never"}.dying())
}

func TestKillPending(t *testing.T) {
	for _, tt := range []struct {
		name, status string
		want         bool
	}{
		{"none", "Name:\trok\nSigPnd:\t0000000000000000\nShdPnd:\t0000000000000000\nSigBlk:\t0000000000000100\n", false},
		{"of the thread", "SigPnd:\t0000000000000100\nShdPnd:\t0000000000000000\n", true},
		{"of the process", "SigPnd:\t0000000000000000\nShdPnd:\t0000000000004100\n", true},
		{"another signal", "SigPnd:\t0000000000004000\n", false},
		{"no number", "SigPnd:\tSIGKILL\n", false},
	} {
		t.Run(tt.name, func(t *testing.T) { require.Equal(t, tt.want, killPending(tt.status)) })
	}
}
