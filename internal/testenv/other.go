//go:build !linux

package testenv

import (
	"errors"
	"testing"

	"github.com/rok-storage/rok/units"
)

// What only Linux has. Kernel tests skip elsewhere before they come here; it is
// there so that pure packages with kernel tests compile everywhere.

// LoopDisk fails the test.
func LoopDisk(t testing.TB, _ units.Bytes) string {
	t.Helper()
	t.Fatal(errors.ErrUnsupported)
	return ""
}

func detachLoop(string) error { return errors.ErrUnsupported }
