package conf_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/conf"
)

// example has what a file may have: comments, blanks, keys that nobody knows.
const example = "; rok\n\n  [s3d.0]  \n\tendpoint=http://a.example/?x=1#y \nempty =\n# the end\n[pool.data/tank]\r\ndata_high = 80%\nunknown_1 = \tsome thing"

func parse(t testing.TB, text string) *conf.File {
	t.Helper()
	f, err := conf.Parse("daemons.conf", []byte(text))
	require.NoError(t, err)
	return f
}

func TestFile(t *testing.T) {
	f := parse(t, example)
	require.Equal(t, example, string(f.AppendText(nil)))
	require.Equal(t, "daemons.conf", f.Path())
	require.Equal(t, []string{"s3d.0", "pool.data/tank"}, f.Sections())
	s := f.Section("s3d.0")
	require.True(t, s.Exists())
	require.Equal(t, "s3d.0", s.Name())
	require.Equal(t, []string{"endpoint", "empty"}, s.Keys())
	for key, want := range map[string]string{"endpoint": "http://a.example/?x=1#y", "empty": ""} {
		got, there := s.Value(key)
		require.True(t, there)
		require.Equal(t, want, got)
	}
	_, there := s.Value("data_high")
	require.False(t, there)
	got, _ := f.Section("pool.data/tank").Value("unknown_1")
	require.Equal(t, "some thing", got)

	none := f.Section("nothing")
	require.False(t, none.Exists())
	require.Empty(t, none.Keys())
	require.NoError(t, none.Reader().Err())
	require.Empty(t, new(conf.File).AppendText(nil))
}

func TestParseErrors(t *testing.T) {
	tests := []struct {
		name, text string
		is         error
		want       string
	}{
		{"key in no section", "a = 1\n", conf.ErrSyntax, `daemons.conf:1: key "a" is in no section: not of the format`},
		{"no sign", "[a]\nkey\n", conf.ErrSyntax, `daemons.conf:2: [a]: "key" is neither [section] nor key = value: not of the format`},
		{"open heading", "\n[a\n", conf.ErrSyntax, `daemons.conf:2: "[a" has no ] at its end: not of the format`},
		{"heading without name", "[ ]\n", conf.ErrSyntax, `daemons.conf:1: section name "": not of the format`},
		{"heading in heading", "[[a]]\n", conf.ErrSyntax, `daemons.conf:1: section name "[a]": not of the format`},
		{"key of capitals", "[a]\nKey = 1\n", conf.ErrSyntax, `daemons.conf:2: [a]: key "Key": want letters a to z, digits, _ and - between them: not of the format`},
		{"no key", "[a]\n= 1\n", conf.ErrSyntax, `daemons.conf:2: [a]: key "": want letters a to z, digits, _ and - between them: not of the format`},
		{"section twice", "[a]\n[b]\n[a]\n", conf.ErrDuplicate, `daemons.conf:3: [a]: is there already, in line 1`},
		{"key twice", "[a]\nk = 1\n\nk = 1\n", conf.ErrDuplicate, `daemons.conf:4: [a] k: is there already, in line 2`},
		{"zero byte", "[a]\nk = \x00\n", conf.ErrSyntax, `daemons.conf:2: [a]: "k = \x00" is no text: not of the format`},
		{"no UTF-8", "[a]\nk = \xff\n", conf.ErrSyntax, `daemons.conf:2: [a]: "k = \xff" is no text: not of the format`},
		{"long", strings.Repeat("x", conf.MaxSize+1), conf.ErrTooLarge, `daemons.conf: 1048577 bytes, at most 1048576: too large for a configuration`},
		{"long line", "[a]\n" + strings.Repeat("x", 100), conf.ErrSyntax, `daemons.conf:2: [a]: "` + strings.Repeat("x", 60) + `…" is neither [section] nor key = value: not of the format`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := conf.Parse("daemons.conf", []byte(test.text))
			require.ErrorIs(t, err, test.is)
			require.EqualError(t, err, test.want)
		})
	}
	// The same key may be in two sections.
	parse(t, "[a]\nk = 1\n[b]\nk = 1\n")
}
