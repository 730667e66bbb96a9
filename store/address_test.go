package store_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
)

func TestAddresses(t *testing.T) {
	for text, want := range map[string]store.Address{
		"/srv/rok":                         {Scheme: "file", Path: "/srv/rok"},
		"/srv/50%#x/../rok/":               {Scheme: "file", Path: "/srv/rok"},
		"/srv/50%#x":                       {Scheme: "file", Path: "/srv/50%#x"},
		"/srv/rok?compression=zstd":        {Scheme: "file", Path: "/srv/rok", Compression: store.Zstd},
		"file:///srv/a%20b%3f":             {Scheme: "file", Path: "/srv/a b?"},
		"file:///s?hash=blake3&key=/k%26/": {Scheme: "file", Path: "/s", Hash: maps.BLAKE3, KeyFile: "/k&/"},
		"unix:///run/rok/s3d.sock":         {Scheme: "unix", Path: "/run/rok/s3d.sock"},
		"s3://backup":                      {Scheme: "s3", Bucket: "backup"},
		"s3://backup/":                     {Scheme: "s3", Bucket: "backup"},
		"s3://b.x/rok/prod/?endpoint=https://s3.example:9000/&region=eu&path-style=yes&versioning=assume&ca=/ca.pem": {
			Scheme: "s3", Bucket: "b.x", Path: "rok/prod", Endpoint: "https://s3.example:9000", Region: "eu", PathStyle: true, Versioning: "assume", CA: "/ca.pem",
		},
		"s3://b?endpoint=http%3A%2F%2F127.0.0.1:9&path-style=no": {Scheme: "s3", Bucket: "b", Endpoint: "http://127.0.0.1:9"},
	} {
		a, err := store.ParseAddress(text)
		require.NoError(t, err, text)
		require.Equal(t, want, a, text)
		again, err := store.ParseAddress(a.String())
		require.NoError(t, err, a.String())
		require.Equal(t, a, again)
	}
	a, err := store.ParseAddress("/s?hash=blake3&compression=none")
	require.NoError(t, err)
	require.Equal(t, store.Settings{Hash: maps.BLAKE3, Compression: store.None}, a.Settings())
}

func TestAddressesThatAreNone(t *testing.T) {
	for text, want := range map[string]string{
		"":                                    "absolute path",
		"srv/rok":                             "absolute path",
		"./rok":                               "absolute path",
		"/":                                   "no path",
		"file://srv/rok":                      "three slashes",
		"file:srv":                            "three slashes",
		"file:///":                            "no path",
		"unix://":                             "no path",
		"fiel:///srv":                         "did you mean file?",
		"https://x":                           "want one of file, s3, unix",
		"s3://":                               "no bucket",
		"s3:///x":                             "no bucket",
		"s3://b:9000/x":                       "endpoint=",
		"s3://b/a//b":                         "prefix",
		"s3://b/../b":                         "prefix",
		"s3://b#x":                            "%23",
		"file:///a%00":                        "zero byte",
		"/s?region=eu":                        "\"region\" is not known",
		"/s?compresion=zstd":                  "did you mean compression?",
		"/s?compression=lz4":                  "want s2, zstd, none",
		"/s?hash=md5":                         "md5",
		"/s?hash=":                            "no value",
		"/s?hash=sha256&hash=blake3":          "twice",
		"s3://b?path-style=true":              "want yes, no",
		"s3://b?endpoint=s3.example":          "want https://",
		"s3://b?endpoint=https://h/p":         "no path",
		"s3://b?versioning=on":                "want auto",
		"/s?a;b=%zz":                          "NAME=VALUE",
		"s3://AKIA:hunter2@b/x":               "credentials",
		"s3://b?secret_key=hunter2":           "credentials",
		"s3://b?AccessKey=hunter2":            "credentials",
		"s3://b:hunter2":                      "it is no URL",
		"s3://u:hunter2%zz@b/":                "it is no URL",
		"/s?endpoint=https://hunter2@":        "\"endpoint\" is not known",
		"s3://b?endpoint=https://u:hunter2@h": "credentials",
	} {
		_, err := store.ParseAddress(text)
		require.ErrorIs(t, err, store.ErrAddress, text)
		require.ErrorContains(t, err, want, text)
		require.NotContains(t, err.Error(), "hunter2")
	}
}

func TestKeyFiles(t *testing.T) {
	want := bytes.Repeat([]byte{0xab}, store.KeySize)
	digits := strings.Repeat("aB", store.KeySize)
	for _, file := range []string{string(want), digits, digits + "\n", digits + "\r\n"} {
		key, err := store.ParseKey([]byte(file))
		require.NoError(t, err)
		require.Equal(t, want, key)
	}
	for _, file := range []string{"", string(want) + "\n", digits[1:], digits + "00", digits + "\n\n", strings.Repeat("xy", store.KeySize)} {
		_, err := store.ParseKey([]byte(file))
		require.Error(t, err)
		if len(file) > 10 {
			require.NotContains(t, err.Error(), file[:10])
		}
	}
}

// FuzzParseAddress: what is read prints back as the same, and nothing is repeated that stands where credentials
// do.
func FuzzParseAddress(f *testing.F) {
	f.Add("s3://b/p?endpoint=https://h")
	f.Fuzz(func(t *testing.T, text string) {
		a, err := store.ParseAddress(text)
		if err != nil {
			require.ErrorIs(t, err, store.ErrAddress)
			require.Less(t, len(err.Error()), 400)
			return
		}
		again, err := store.ParseAddress(a.String())
		require.NoError(t, err, a.String())
		require.Equal(t, a, again)
	})
}
