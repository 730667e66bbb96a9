package conf_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/conf"
)

// Whatever is read prints back byte for byte, and a change of it reads back.
func FuzzParse(f *testing.F) {
	for _, text := range []string{example, "", "[a]", "[a]\nk=", "[a]\r\nk = v\r\n", "[a]\n[a]\n", "k = v", "[\x00]", "[a]\n=\n"} {
		f.Add([]byte(text), "k", "v")
	}
	f.Fuzz(func(t *testing.T, text []byte, key, value string) {
		file, err := conf.Parse("f", text)
		if err != nil {
			return
		}
		require.Equal(t, string(text), string(file.AppendText(nil)))
		section := "new"
		if names := file.Sections(); len(names) > 0 {
			section = names[0]
		}
		before := file.Section(section)
		if file.Set(section, key, value) != nil {
			require.Equal(t, string(text), string(file.AppendText(nil)))
			return
		}
		again, err := conf.Parse("f", file.AppendText(nil))
		require.NoError(t, err)
		got, there := again.Section(section).Value(key)
		require.True(t, there)
		require.Equal(t, value, got)
		for _, k := range before.Keys() {
			if strings.ReplaceAll(k, "-", "_") != strings.ReplaceAll(key, "-", "_") {
				old, _ := before.Value(k)
				now, _ := again.Section(section).Value(k)
				require.Equal(t, old, now)
			}
		}
		require.True(t, file.Unset(section, key))
		require.False(t, file.Unset(section, key))
	})
}
