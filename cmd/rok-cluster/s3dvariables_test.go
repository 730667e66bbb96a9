package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/conf"
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

// The bucket is that of the cluster's variable, where the section names none.
func TestBucketOfS3d(t *testing.T) {
	m := newMachine(t)
	require.NoError(t, os.WriteFile("daemons.conf", []byte("[s3d.0]\nca = /ca\n[s3d.1]\nbucket = own\n[s3d.2]\nendpoint = http://h\n"+
		"[s3d.3]\n[s3d.4]\n[s3d.5]\nassume-no-versioning = no\n"), 0o600))
	whole := "s3://ours/p?endpoint=http://s3.example.com&region=eu&path-style=yes&versioning=assume"
	_, err := readS3d(&m.env, "s3d.0", s3dFlags{})
	require.ErrorIs(t, err, conf.ErrValue)
	require.ErrorContains(t, err, "s3d.0.store")
	m.must("rok-config", "set", "s3d.0.store="+whole, "s3d.1.store="+whole, "s3d.2.store="+whole, "s3d.4.store=/srv/rok", "s3d.5.store="+whole)
	m.must("rok-config", "apply")
	c, err := readS3d(&m.env, "s3d.0", s3dFlags{})
	require.NoError(t, err)
	require.Equal(t, "/ca", c.ca)
	require.Equal(t, s3.Config{Bucket: "ours", Prefix: "p", Endpoint: "http://s3.example.com", Region: "eu", PathStyle: true, Versioning: s3.Assume}, c.s3)
	c, err = readS3d(&m.env, "s3d.1", s3dFlags{})
	require.NoError(t, err)
	require.Equal(t, s3.Config{Bucket: "own"}, c.s3, "the section wins")
	c, err = readS3d(&m.env, "s3d.5", s3dFlags{})
	require.NoError(t, err)
	require.Equal(t, s3.Auto, c.s3.Versioning, "the section wins")
	for section, want := range map[string]string{"s3d.2": "endpoint", "s3d.3": "must name a bucket", "s3d.4": "no bucket of S3"} {
		_, err := readS3d(&m.env, section, s3dFlags{})
		require.ErrorIs(t, err, conf.ErrValue, section)
		require.ErrorContains(t, err, want)
	}
}

// The secret key of the cluster goes with the access key of the section.
func TestKeysOfS3d(t *testing.T) {
	m := newMachine(t)
	require.NoError(t, os.WriteFile("daemons.conf", []byte("[s3d.0]\nbucket = b\naccess-key = AK\n[s3d.1]\nbucket = b\ncredentials = /k\nprofile = p\n"+
		"[s3d.2]\nbucket = b\n[s3d.3]\nbucket = b\naccess-key = AK\ncredentials = /k\n"), 0o600))
	keys := func(section string) s3.Credentials {
		c, err := readS3d(&m.env, section, s3dFlags{})
		require.NoError(t, err)
		require.NotContains(t, fmt.Sprintf("%v %+v %#v", c.keys, c.keys, c.keys), "geheim")
		require.NoError(t, m.env.completeS3(&c.s3, c.ca, c.keys))
		require.NotContains(t, fmt.Sprintf("%v %+v %#v", c.s3, c.s3, c.s3), "geheim")
		return c.s3.Credentials
	}
	_, err := readS3d(&m.env, "s3d.0", s3dFlags{})
	require.ErrorIs(t, err, conf.ErrValue)
	require.ErrorContains(t, err, "set s3d.0.secret_key")
	usual := keys("s3d.2")
	for _, n := range []string{"0", "1", "2", "3"} {
		m.must("rok-config", "set", "s3d."+n+".secret_key=geheim")
	}
	m.must("rok-config", "apply")
	got := keys("s3d.0")
	require.Equal(t, []string{"AK", "geheim", ""}, []string{got.AccessKey, got.SecretKey, got.File})
	require.False(t, got.Role)
	require.Equal(t, s3.Credentials{File: "/k", Profile: "p"}, keys("s3d.1"), "the section's file wins")
	require.Equal(t, usual, keys("s3d.2"), "a secret key alone is none")
	_, err = readS3d(&m.env, "s3d.3", s3dFlags{})
	require.ErrorContains(t, err, "want one of both")
	require.NotContains(t, err.Error(), "geheim")
}

// An upgrade looks into the bucket with the daemon's keys.
func TestKeysOfNodeStores(t *testing.T) {
	settings, err := cluster.SettingsOf(map[string]string{"s3d.0.store": "s3://b", "s3d.0.secret_key": "geheim"})
	require.NoError(t, err)
	file, err := conf.Parse("daemons.conf", []byte("[s3d.0]\naccess_key = AK\nca = /ca\n"))
	require.NoError(t, err)
	all, err := nodeStores(file, settings)
	require.NoError(t, err)
	require.Equal(t, []nodeStore{{}, {"s3://b?ca=%2Fca", s3Keys{Access: "AK", Secret: "geheim"}}}, all)
}

// Keys of S3 are not for a store that is none of S3.
func TestKeysOfAnotherStore(t *testing.T) {
	m := newMachine(t)
	m.do("disk disk.img 4M")
	m.must("rok-register", "disk.img", "a", "--store", filepath.Join(m.dir, "other"), "-q")
	s, err := nodeStore{filepath.Join(m.dir, "other"), s3Keys{File: "/k"}}.open(t.Context(), &m.env, settingsOf(t, &m.env))
	require.NoError(t, err)
	require.NoError(t, s.Close())
}
