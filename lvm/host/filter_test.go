package host_test

import (
	"bufio"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm/host"
)

// filterCase is a line of testdata/filters.jsonl: what lvm2 makes of a filter
// on a machine with /dev/loop1 to /dev/loop3.
type filterCase struct {
	Filter  []string
	Refused bool
	Seen    []string
}

func filterCases(t testing.TB) (cases []filterCase) {
	t.Helper()
	f, err := os.Open("testdata/filters.jsonl")
	require.NoError(t, err)
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		var c filterCase
		require.NoError(t, json.Unmarshal(s.Bytes(), &c))
		cases = append(cases, c)
	}
	require.NotEmpty(t, cases)
	return cases
}

func TestFilterAsLvm2(t *testing.T) {
	for _, c := range filterCases(t) {
		t.Run(strings.Join(c.Filter, ","), func(t *testing.T) {
			f, err := host.ParseFilter(c.Filter)
			if c.Refused {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			var seen []string
			for _, d := range []string{"/dev/loop1", "/dev/loop2", "/dev/loop3"} {
				if f.Accepts(d) {
					seen = append(seen, d)
				}
			}
			require.Equal(t, c.Seen, seen)
		})
	}
}

// What lvm2 understands in some way that nobody meant is refused.
func TestFilterRefused(t *testing.T) {
	for _, p := range []string{
		"a|loop)|", "a|loop[]1]|", "a|x\\|", "a|[\\|", "a|(|", "a|(a|", "a|a||", "a|[z-a]|", "a|[|", "a|\xff|", "a|[é]|",
		"a|" + strings.Repeat("(", 200) + "a" + strings.Repeat(")", 200) + "|", "a|a" + strings.Repeat("*", 200) + "|",
	} {
		_, err := host.ParseFilter([]string{p})
		e := new(host.FilterError)
		require.ErrorAs(t, err, &e, p)
		require.Equal(t, p, e.Pattern)
	}
	_, err := host.ParseFilter(nil)
	require.Error(t, err)
}

// A device has several paths.
func TestFilterPaths(t *testing.T) {
	f, err := host.ParseFilter([]string{"a|^/dev/disk/by-id/ours|", "r|^/dev/sd|"})
	require.NoError(t, err)
	tests := []struct {
		paths string
		want  bool
	}{
		{"/dev/sda", false},
		{"/dev/sda /dev/disk/by-id/ours-1", true},
		{"/dev/sda /dev/disk/by-id/theirs", false},
		{"/dev/vda /dev/disk/by-id/theirs", true},
		{"/dev/vda", true},
	}
	for _, tt := range tests {
		require.Equal(t, tt.want, f.Accepts(strings.Fields(tt.paths)...), tt.paths)
	}
	var none *host.Filter
	require.True(t, none.Accepts("/dev/sda"))
}

// FuzzFilter reads an expression, and lines as the patterns of a filter.
func FuzzFilter(f *testing.F) {
	for _, seed := range []string{"^/dev/(sd|vd)[a-z]+$", `a\tb\.[^\]x-z]*`, "(a|b)+?", "[a-", "a{2}"} {
		f.Add(seed, "/dev/sda")
	}
	for _, seed := range []string{"^/dev/sda$", "^/dev/sd", "sda$", "dev", ".*", "^.*$", "^/dev/.*", ".*sda$", "^.*sda", "/dev/sd.*$", "^/dev/sda.*$", "^", "$", "^$", "^.*.*$", "^sda$", "x.*"} {
		for _, path := range []string{"/dev/sda", "/dev/sda1", "/dev/sd", "", "sda"} {
			f.Add(seed, path)
		}
	}
	for _, list := range []string{"a|^/dev/sda$|\nr|.*|", "r|^/dev/sdb$|\na|^/dev/sda$|", "a|^/dev/sd|\nr|.*|", "r|.*|"} {
		f.Add(list, "/dev/sda")
		f.Add(list, "/dev/mapper/x")
	}
	f.Fuzz(func(t *testing.T, expression, path string) {
		if len(expression) > 1000 {
			return
		}
		if translated, err := host.TranslateRegex(expression); err == nil {
			re, err := regexp.Compile(translated)
			require.NoError(t, err, translated)
			matches := re.MatchString(path)
			if quick, plain := host.PlainMatches(expression, path); plain {
				require.Equal(t, matches, quick, "%q: %q", expression, path)
			}
		}
		filter, err := host.ParseFilter(strings.Split(expression, "\n"))
		if err != nil {
			require.ErrorAs(t, err, new(*host.FilterError))
			require.NotEmpty(t, err.Error())
			return
		}
		h := &host.Host{Settings: host.Settings{GlobalFilter: filter}}
		require.True(t, h.Filters())
		// A link that does not decide does not change what becomes of the node.
		if node := "/dev/sda"; !h.Decides(path) {
			require.Equal(t, filter.Accepts(node), filter.Accepts(node, path))
		}
		if deciding, all := h.DecidingLinks(); all && !slices.Contains(deciding, path) {
			require.False(t, h.Decides(path))
		}
	})
}

// A device that Visible takes, or does not, with all its links is decided alike
// with those alone that matter.
func TestDecides(t *testing.T) {
	named := 0
	links := []string{"/dev/disk/by-id/a", "/dev/disk/by-id/b", "/dev/vg/x", "/dev/block/8:0"}
	for _, patterns := range [][]string{
		{"a|^/dev/sda$|", "r|.*|"}, {"a|by-id/a|", "r|.*|"}, {"r|by-id/b|"}, {"r|by-id|", "a|.*|"}, {"a|nothing|"},
		{"r|^/dev/sda|", "a|vg/x|"}, {"r|block|", "a|by-id/a|"},
		{"a|^/dev/disk/by-id/a$|", "r|.*|"}, {"r|^/dev/sda$|", "a|^/dev/vg/x$|"},
	} {
		f, err := host.ParseFilter(patterns)
		require.NoError(t, err)
		h := &host.Host{Settings: host.Settings{Filter: f}}
		require.True(t, h.Filters())
		if only, all := h.DecidingLinks(); all {
			named++
			for _, l := range append(links, "/dev/sda") {
				require.True(t, !h.Decides(l) || slices.Contains(only, l), "%q: %s", patterns, l)
			}
		}
		for _, node := range []string{"/dev/sda", "/dev/sdb"} {
			for n := range 1 << len(links) {
				var all, some []string
				for i, l := range links {
					if n&(1<<i) == 0 {
						continue
					}
					if all = append(all, l); h.Decides(l) {
						some = append(some, l)
					}
				}
				require.Equal(t, f.Accepts(append([]string{node}, all...)...), f.Accepts(append([]string{node}, some...)...),
					"%q: %s with %q", patterns, node, all)
			}
		}
	}
	require.Equal(t, 3, named, "filters that name all links that matter")
}
