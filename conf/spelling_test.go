package conf_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/conf"
)

// A hyphen in a key is an underscore, and stays as it was written.
func TestSpellings(t *testing.T) {
	const text = "[s3d.0]\nassume-no-versioning = true\ncache_size=1G\n"
	f := parse(t, text)
	require.Equal(t, text, string(f.AppendText(nil)))
	s := f.Section("s3d.0")
	require.Equal(t, []string{"assume-no-versioning", "cache_size"}, s.Keys())
	for _, key := range []string{"assume-no-versioning", "assume_no_versioning", "assume-no_versioning"} {
		value, there := s.Value(key)
		require.True(t, there)
		require.Equal(t, "true", value)
		require.Equal(t, 2, s.Error(key, conf.ErrValue).Line)
	}
	r := s.Reader()
	require.True(t, r.Bool("assume_no_versioning", false))
	require.Equal(t, "1GiB", r.Size("cache-size", 0).String())
	require.NoError(t, r.Err())

	require.NoError(t, f.Set("s3d.0", "assume_no_versioning", "no"))
	require.NoError(t, f.Set("s3d.0", "cache-size", "2G"))
	require.Equal(t, "[s3d.0]\nassume-no-versioning = no\ncache_size=2G\n", string(f.AppendText(nil)))
	require.True(t, f.Unset("s3d.0", "assume_no-versioning"))
	require.Equal(t, "[s3d.0]\ncache_size=2G\n", string(f.AppendText(nil)))
}

func TestSpellingsAreOneKey(t *testing.T) {
	_, err := conf.Parse("f", []byte("[a]\nno-versioning = yes\nno_versioning = yes\n"))
	require.ErrorIs(t, err, conf.ErrDuplicate)
	require.EqualError(t, err, "f:3: [a] no_versioning: is there already, in line 2")
	for _, key := range []string{"-a", "a-", "-", "--a"} {
		_, err := conf.Parse("f", []byte("[a]\n"+key+" = yes\n"))
		require.ErrorIs(t, err, conf.ErrSyntax, key)
	}
	// The one that is meant is named.
	r := parse(t, "[a]\nno-versionin = yes\n").Section("a").Reader()
	r.Bool("no-versioning", false)
	require.ErrorContains(t, r.Err(), "did you mean no-versioning?")
}
