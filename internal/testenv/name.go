package testenv

import (
	"crypto/rand"
	"encoding/hex"
	"strings"
	"testing"
)

// Prefix marks everything that a test makes in the kernel. Whatever carries it
// may be removed at any time.
const Prefix = "roktest-"

// maxShort keeps names short enough to see them all in one line of dmsetup, and
// to append to.
const maxShort = 24

// Name returns a device name that no other test has:
// roktest-<test>-<random>.
func Name(t testing.TB) string {
	t.Helper()
	var b [4]byte
	if _, err := rand.Read(b[:]); err != nil {
		t.Fatal(err)
	}
	return Prefix + short(t.Name()) + "-" + hex.EncodeToString(b[:])
}

// short is the end of a test's name, where subtests differ, in characters that
// need no escape anywhere.
func short(test string) string {
	test = strings.TrimPrefix(test, "TestKernel")
	test = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return '_'
	}, test)
	if len(test) > maxShort {
		test = test[len(test)-maxShort:]
	}
	return strings.Trim(test, "_")
}
