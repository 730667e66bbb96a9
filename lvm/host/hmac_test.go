package host_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm/host"
)

// Keys and messages of all lengths around a block, and what Go's own package makes
// of them.
func TestHMAC(t *testing.T) {
	for n := range 200 {
		key, message := bytes.Repeat([]byte{byte(3*n + 1)}, n%65), bytes.Repeat([]byte{byte(n), 0xff}, n)
		want := hmac.New(sha256.New, key)
		want.Write(message)
		got := host.HMACSHA256(key, message)
		require.Equal(t, want.Sum(nil), got[:], n)
	}
}
