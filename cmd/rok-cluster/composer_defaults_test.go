package main

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster"
)

// What a command of maps works with is of one moment: what was applied is read once.
func TestSettingsAreReadOnce(t *testing.T) {
	m := exampleMachine(t)
	m.must("rok-config", "set", "gc.wait=0s", "retention.keep_last=1")
	m.must("rok-config", "apply")
	path := filepath.Join("state", cluster.AppliedFile)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, command := range [][]string{
		{"rok-register", "disk.img", "vm/web-3", "-q"}, {"rok-present", "vm/web-1", "out.img", "-q"}, {"rok-composer-tool", "ls"},
		{"rok-composer-tool", "retain", "vm/web"}, {"rok-cluster-gc", "-q"},
	} {
		require.NoError(t, os.Remove(path))
		require.NoError(t, syscall.Mkfifo(path, 0o600))
		done := make(chan error)
		go func() { done <- once(path, text) }()
		m.must(command...)
		require.NoError(t, <-done)
	}
}

// once gives a text to the first who reads a FIFO. Who reads it then, finds a file that is damaged.
func once(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	other := path + ".damaged"
	err = errors.Join(os.WriteFile(other, []byte("damaged"), 0o600), os.Rename(other, path))
	_, written := f.Write(text)
	return errors.Join(err, written, f.Close())
}
