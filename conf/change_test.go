package conf_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/conf"
)

func TestSet(t *testing.T) {
	tests := []struct{ name, text, section, key, value, want string }{
		{"value", "[a]\n\tk=1 \n# x\n", "a", "k", "2", "[a]\n\tk=2 \n# x\n"},
		{"value in CRLF", "[a]\r\nk = 1\r\n", "a", "k", "longer", "[a]\r\nk = longer\r\n"},
		{"empty value", "[a]\nk =\n", "a", "k", "1", "[a]\nk = 1\n"},
		{"empty value behind a blank", "[a]\nk = \n", "a", "k", "1", "[a]\nk = 1 \n"},
		{"to nothing", "[a]\nk = 1\n", "a", "k", "", "[a]\nk = \n"},
		{"last line", "[a]\nk = 1", "a", "k", "2", "[a]\nk = 2"},
		{"new key", "[a]\nk = 1\n\n# of b\n[b]\n", "a", "l", "2", "[a]\nk = 1\nl = 2\n\n# of b\n[b]\n"},
		{"new key in an empty section", "[a]\n# x\n[b]", "a", "l", "2", "[a]\nl = 2\n# x\n[b]"},
		{"new key at the end", "[a]\r\nk = 1", "a", "l", "2", "[a]\r\nk = 1\r\nl = 2\r\n"},
		{"new section", "[a]\nk = 1", "b", "k", "2", "[a]\nk = 1\n\n[b]\nk = 2\n"},
		{"new file", "", "b", "k", "2", "[b]\nk = 2\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := parse(t, test.text)
			require.NoError(t, f.Set(test.section, test.key, test.value))
			require.Equal(t, test.want, string(f.AppendText(nil)))
			got, there := f.Section(test.section).Value(test.key)
			require.True(t, there)
			require.Equal(t, test.value, got)
			again := parse(t, test.want)
			require.Equal(t, f.Sections(), again.Sections())
			require.Equal(t, f.Section(test.section).Keys(), again.Section(test.section).Keys())
		})
	}
}

func TestSetRefuses(t *testing.T) {
	f := parse(t, example)
	for _, bad := range [][3]string{
		{"", "k", "v"}, {"a]", "k", "v"}, {" a", "k", "v"}, {"a\nb", "k", "v"}, {"a", "", "v"}, {"a", "K", "v"}, {"a", "k=", "v"},
		{"a", "k", "v\n[b]"}, {"a", "k", " v"}, {"a", "k", "\x00"}, {"a", "k", "\xff"},
	} {
		require.ErrorIs(t, f.Set(bad[0], bad[1], bad[2]), conf.ErrSyntax, "%q", bad)
	}
	require.Equal(t, example, string(f.AppendText(nil)))
}

func TestUnset(t *testing.T) {
	f := parse(t, example)
	require.False(t, f.Unset("s3d.0", "data_high"))
	require.False(t, f.Unset("nothing", "data_high"))
	require.True(t, f.Unset("pool.data/tank", "data_high"))
	require.Equal(t, strings.Replace(example, "data_high = 80%\n", "", 1), string(f.AppendText(nil)))
	require.Equal(t, []string{"unknown_1"}, f.Section("pool.data/tank").Keys())
}

// Whatever is set and unset in turns: the file reads back as it is held, and what
// was not touched is as it was.
func TestChangesReadBack(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 200 {
		f := parse(t, example)
		want := map[[2]string]string{}
		for range random.IntN(30) {
			at := [2]string{fmt.Sprintf("s%d", random.IntN(3)), fmt.Sprintf("k%d", random.IntN(4))}
			if random.IntN(4) == 0 {
				_, there := want[at]
				require.Equal(t, there, f.Unset(at[0], at[1]))
				delete(want, at)
				continue
			}
			want[at] = strings.Repeat("v", random.IntN(3))
			require.NoError(t, f.Set(at[0], at[1], want[at]))
		}
		text := string(f.AppendText(nil))
		require.True(t, strings.HasPrefix(text, example))
		again := parse(t, text)
		keys := 0
		for _, file := range []*conf.File{f, again} {
			for at, value := range want {
				got, there := file.Section(at[0]).Value(at[1])
				require.True(t, there)
				require.Equal(t, value, got)
			}
			for _, name := range file.Sections()[2:] {
				keys += len(file.Section(name).Keys())
			}
		}
		require.Equal(t, 2*len(want), keys)
	}
}
