package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/store"
)

func settingsOf(t testing.TB, e *env) cluster.Settings {
	t.Helper()
	s, err := e.settings()
	require.NoError(t, err)
	return s
}

func TestOpenStore(t *testing.T) {
	dir := t.TempDir()
	e := &env{getenv: func(name string) string { return map[string]string{"ROK_STATE_DIR": dir}[name] }}
	code := func(address string, create bool) cli.Code {
		s, err := openStore(t.Context(), e, settingsOf(t, e), address, create)
		if err == nil {
			require.NoError(t, s.Close())
		}
		return cli.CodeOf(err, rules()...)
	}
	require.Equal(t, cli.NotFound, code("", false))
	require.NoDirExists(t, filepath.Join(dir, "store"))
	require.Equal(t, cli.Done, code("", true))
	require.Equal(t, cli.Done, code("", false))
	require.Equal(t, cli.Done, code(filepath.Join(dir, "store"), false))
	require.Equal(t, cli.Done, code("file://"+dir+"/store?compression=zstd", false))
	require.Equal(t, cli.Refused, code(dir+"/store?hash=blake3", false))
	require.Equal(t, cli.NotFound, code(dir, false))
	for _, bad := range []string{"store", "file://store", "s3://b:1/x", dir + "/store?hsah=blake3", "s3://k:s@b"} {
		require.Equal(t, cli.Usage, code(bad, true), bad)
	}
}

func TestOpenStoreWithKey(t *testing.T) {
	dir := t.TempDir()
	e := &env{getenv: func(name string) string { return map[string]string{"ROK_STATE_DIR": dir}[name] }}
	file := func(name, content string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), mode))
		return path
	}
	digits := strings.Repeat("7f", store.KeySize)
	sound := file("key", digits+"\n", 0o600)
	code := func(key string) cli.Code {
		s, err := openStore(t.Context(), e, settingsOf(t, e), dir+"/s"+key, true)
		if err == nil {
			require.True(t, s.Settings().Encrypted)
			require.NoError(t, s.Close())
		} else {
			require.NotContains(t, err.Error(), digits)
		}
		return cli.CodeOf(err, rules()...)
	}
	require.Equal(t, cli.Refused, code("?key="+file("open", digits, 0o640)))
	require.Equal(t, cli.NotFound, code("?key="+dir+"/none"))
	require.Equal(t, cli.Failed, code("?key="+file("long", digits+digits, 0o600)))
	require.NoDirExists(t, dir+"/s")
	require.Equal(t, cli.Done, code("?key="+sound))
	require.Equal(t, cli.Done, code("?key="+sound))
	require.Equal(t, cli.Refused, code(""))
	require.Equal(t, cli.Refused, code("?key="+file("other", strings.Repeat("x", store.KeySize), 0o600)))
}
