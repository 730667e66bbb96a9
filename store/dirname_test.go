package store

import (
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPlaces(t *testing.T) {
	long := strings.Repeat("x", 1000)
	for key, want := range map[string]string{
		"store.json":           "store.json",
		"map/a":                "map+/a",
		"map/a/b":              "map+/a+/b",
		"map/web-1~v3.bak":     "map+/web-1~v3.bak",
		"Map/B":                "%4dap+/%42",
		"map/ü":                "map+/%c3%bc",
		".x/.y":                "%.x+/%.y",
		"@tmp/x":               "%40tmp+/x",
		"%41":                  "%2541",
		"a+/b=":                "a%2b+/b%3d",
		long[:197]:             long[:197],
		long[:198]:             long[:198] + "=/%",
		long[:199]:             long[:198] + "=/x",
		long[:198] + "/b":      long[:198] + "=/%+/b",
		long[:198] + ".":       long[:198] + "=/%.",
		long[:197] + "A":       long[:197] + "%41=/%",
		long[:197] + "Ab":      long[:197] + "%41=/b",
		long:                   strings.Repeat(long[:198]+"=/", 5) + long[:10],
		long[:396] + "/" + ".": "",
	} {
		if want == "" {
			require.Error(t, CheckKey(key))
			continue
		}
		require.NoError(t, CheckKey(key))
		p := placeOf(key)
		require.Equal(t, want, path.Join(append(p.dirs, p.file)...))
		require.Equal(t, key, keyOf(p))
	}
}

// keyOf reads a place back, as a listing does; "" where it is none.
func keyOf(p place) string {
	var b strings.Builder
	for i, name := range append(append([]string{}, p.dirs...), p.file) {
		text, kind := unescape(name)
		b.WriteString(text)
		switch {
		case kind == foreign, (kind == object) != (i == len(p.dirs)):
			return ""
		case kind == below:
			b.WriteByte('/')
		}
	}
	return b.String()
}

func TestForeignNames(t *testing.T) {
	for _, name := range []string{"lost+found", "@tmp", "@lock", "A", "a b", "%4", "a%zz", "%C3", "ü", "a=b", "x%"} {
		_, kind := unescape(name)
		require.Equal(t, foreign, kind, name)
	}
	for _, name := range []string{"%61", ".x", "=", "+"} { // not what the key that they say leads to
		text, _ := unescape(name)
		require.NotEqual(t, name, placeOf(text).file, name)
	}
}

// FuzzPlace: every key has a place of its own, of names that every file system takes; and a place that is read as
// a key is that key's, or none's.
func FuzzPlace(f *testing.F) {
	f.Add("map/a", "map+/a")
	f.Fuzz(func(t *testing.T, key, name string) {
		if CheckKey(key) == nil {
			p := placeOf(key)
			require.Equal(t, key, keyOf(p))
			for _, name := range append(p.dirs, p.file) {
				require.LessOrEqual(t, len(name), 255)
				require.NotContains(t, []string{"", ".", "..", tempDir, lockDir}, name)
				require.Equal(t, name, strings.ToLower(name))
				require.NotEqual(t, byte('.'), name[0])
			}
		}
		dir, file := path.Split(name)
		p := place{file: file}
		if dir != "" {
			p.dirs = strings.Split(strings.TrimSuffix(dir, "/"), "/")
		}
		if back := keyOf(p); CheckKey(back) == nil && placeOf(back).dir() == p.dir() && placeOf(back).file == file {
			require.Equal(t, back, keyOf(placeOf(back)))
		}
	})
}
