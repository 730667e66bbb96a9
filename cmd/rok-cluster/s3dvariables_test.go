package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/store/s3"
)

// s3d.N.* is what the daemon N works with, as far as its section says nothing.
func TestVariablesOfS3d(t *testing.T) {
	m := newMachine(t)
	require.NoError(t, os.WriteFile("daemons.conf", []byte("[s3d.0]\nbucket = b\n[s3d.1]\nbucket = b\nassume-no-versioning = no\nno-versioning = no\ncache-size = 1GiB\n"), 0o600))
	read := func(section string) s3dConfig {
		c, err := readS3d(&m.env, section, s3dFlags{})
		require.NoError(t, err)
		return c
	}
	require.Equal(t, s3.Auto, read("s3d.0").s3.Versioning)
	require.Equal(t, "1GiB", read("s3d.0").journal.String())
	require.Zero(t, read("s3d.0").cache)
	m.must("rok-config", "set", "s3d.0.no_versioning=True", "s3d.0.cache_size=2GiB", "s3d.0.journal_size=3GiB", "s3d.1.assume_no_versioning=True", "s3d.1.cache_size=5GiB")
	m.must("rok-config", "apply")
	c := read("s3d.0")
	require.Equal(t, s3.Off, c.s3.Versioning)
	require.Equal(t, []string{"2GiB", "3GiB"}, []string{c.cache.String(), c.journal.String()})
	c = read("s3d.1")
	require.Equal(t, s3.Auto, c.s3.Versioning, "the section wins")
	require.Equal(t, "1GiB", c.cache.String())
	m.must("rok-config", "set", "s3d.0.assume_no_versioning=True")
	m.must("rok-config", "apply")
	require.Equal(t, s3.Assume, read("s3d.0").s3.Versioning)
	require.Equal(t, filepath.Join(m.dir, "state", "s3d.0"), read("s3d.0").dir)
}
