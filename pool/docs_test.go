package pool_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/conf"
	"github.com/rok-storage/rok/pool"
)

// rows are the names in the first column of the first table below a heading of
// docs/configuration.md.
func rows(t *testing.T, heading string) (names []string) {
	t.Helper()
	text, err := os.ReadFile("../docs/configuration.md")
	require.NoError(t, err)
	_, text2, ok := strings.Cut(string(text), "\n"+heading+"\n")
	require.True(t, ok)
	_, table, ok := strings.Cut(text2, "\n|---")
	require.True(t, ok)
	table, _, _ = strings.Cut(table, "\n\n")
	for line := range strings.Lines(table) {
		first, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " | ")
		for _, m := range regexp.MustCompile("`([a-z_-]+)[`{]").FindAllStringSubmatch(first, -1) {
			names = append(names, m[1])
		}
	}
	require.NotEmpty(t, names)
	slices.Sort(names)
	return names
}

// The keys that are documented are those that are read.
func TestDocumentedKeys(t *testing.T) {
	keys := rows(t, "## Thin pools: `[pool.VG/POOL]`")
	text := "[pool.a/b]\n"
	for _, key := range keys {
		text += key + " =\n"
	}
	_, err := policies(t, text)
	require.ErrorIs(t, err, conf.ErrValue)
	require.NotErrorIs(t, err, conf.ErrUnknownKey)
	source, err := os.ReadFile("policy.go")
	require.NoError(t, err)
	for _, m := range regexp.MustCompile(`r\.[A-Z][a-z]+\("([a-z_]+)"`).FindAllStringSubmatch(string(source), -1) {
		require.Contains(t, keys, m[1])
	}
}

// So are events, and metrics.
func TestDocumentedEventsAndMetrics(t *testing.T) {
	source, err := os.ReadFile("event.go")
	require.NoError(t, err)
	var names []string
	for _, m := range regexp.MustCompile(`Name = "([a-z-]+)"`).FindAllStringSubmatch(string(source), -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	require.Equal(t, rows(t, "### Events"), names)

	text := string(pool.NewWatcher(pool.WatcherConfig{}).AppendMetrics(nil))
	names = nil
	for _, m := range regexp.MustCompile(`# TYPE (\S+) `).FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	require.Equal(t, rows(t, "### Metrics"), names)
}
