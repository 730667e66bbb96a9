package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/storetest"
)

// A run that could not look at all does not say what it found.
func TestVerifyThatEnds(t *testing.T) {
	m := newMachine(t)
	faulty := &storetest.Faulty{Bucket: &storetest.Memory{}}
	m.env.bucket = func(string) (store.Bucket, error) { return faulty, nil }
	m.do("disk disk.img 4M", "write disk.img 0 4M 1")
	m.must("rok-register", "disk.img", "a", "-q")
	faulty.Plan = func(c storetest.Call) (f storetest.Fault) {
		if c.Op == "list" && strings.HasPrefix(c.Key, "blk/") {
			f.Before = store.ErrUnreachable
		}
		return f
	}
	stdout, _, code := m.rok("rok-composer-tool", "verify", "-q")
	require.Equal(t, int(cli.Unreachable), code)
	require.Empty(t, stdout)
}
