package lvm_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
)

// What is not known comes back out word for word, in its place, wherever lvm2
// has an entry.
func TestUnknownEntriesAreKept(t *testing.T) {
	entry := regexp.MustCompile(`(?m)^\t*[a-z_]+ = .*[^[\n]$|^\t*\]$`)
	inserts := map[string]string{
		"assignment": "zz_later = [\"x\", 5]",
		"section":    "zz_later {\ninner = \"a\\\"b\"\n}",
		"quoted key": "\"zz later\" = 'x'",
		"float":      "zz = -1.5",
		"array":      "zz = [\n\"a\", 1,\n\"b\", 2\n]",
	}
	names, err := filepath.Glob("testdata/vg/*.disk")
	require.NoError(t, err)
	for _, name := range names {
		src := read(t, name)
		places := entry.FindAllStringIndex(src, -1)
		for what, insert := range inserts {
			t.Run(filepath.Base(name)+"/"+what, func(t *testing.T) {
				// In all places at once, and in each.
				all := entry.ReplaceAllStringFunc(src, func(line string) string {
					if strings.HasPrefix(line, "create =") || strings.HasPrefix(line, "delete =") {
						return line // messages are refused
					}
					return line + "\n" + insert
				})
				roundTrip(t, all)
				if what != "assignment" && what != "section" || !slices.Contains([]string{"plain.disk", "cache.disk", "thin_message_create.disk", "pvmove_running.disk"}, filepath.Base(name)) {
					return
				}
				for _, p := range places {
					if m := src[p[0]:p[1]]; strings.HasPrefix(m, "create =") || strings.HasPrefix(m, "delete =") {
						continue
					}
					roundTrip(t, src[:p[1]]+"\n"+insert+src[p[1]:])
				}
			})
		}
	}
}

func roundTrip(t *testing.T, src string) {
	t.Helper()
	vg, err := lvm.Parse(src)
	require.NoError(t, err, src)
	equal(t, src+"\x00", string(vg.AppendText(nil)))
}

func TestUnknownSectionsAroundLVs(t *testing.T) {
	src := read(t, "testdata/vg/plain.disk")
	section := "\nzz {\na = 1\n}\n"
	for _, at := range []string{"\n\nlogical_volumes {", "\n}\n# Generated", "\n\nphysical_volumes {"} {
		before, after, found := strings.Cut(src, at)
		require.True(t, found)
		roundTrip(t, strings.TrimSuffix(before, "\n")+"\n"+section+at[1:]+after)
	}
	// The first section is the VG, another one beside it is kept.
	before, after, found := strings.Cut(src, "# Generated")
	require.True(t, found)
	vg, err := lvm.Parse(before + "later {\na = 1\n}\n# Generated" + after)
	require.NoError(t, err)
	require.Equal(t, "vg", vg.Name)
	require.Len(t, vg.Origin.Unknown, 1)
	require.Equal(t, before+"later {\na = 1\n}\n# Generated"+after+"\x00", string(vg.AppendText(nil)))
	require.Contains(t, string(vg.AppendBackup(nil, nil)), "\n}\nlater {\n\ta = 1\n}\n")
}

// An entry that stood behind one that is gone is printed all the same.
func TestUnknownEntriesOutliveTheirNeighbours(t *testing.T) {
	src := strings.Replace(read(t, "testdata/vg/plain.disk"), "extent_size", "zz = 1\nextent_size", 1)
	src = strings.Replace(src, "segment_count = 1\n", "segment_count = 1\nzz = 2\n", 1)
	vg, err := lvm.Parse(src)
	require.NoError(t, err)
	vg.Tags = nil
	require.Contains(t, string(vg.AppendText(nil)), "flags = [\"NOAUTOACTIVATE\"]\nzz = 1\nextent_size")
	vg.Unknown[0].After = "was_here"
	require.Contains(t, string(vg.AppendText(nil)), "\nzz = 1\n}\n# Generated")
	require.Contains(t, string(vg.AppendText(nil)), "\nzz = 2\n")
}

// A word of "flags" that lvm2 does not know, it drops. It is kept here.
func TestUnknownFlagsAreKept(t *testing.T) {
	src := strings.ReplaceAll(read(t, "testdata/vg/plain.disk"), "flags = []", `flags = ["LATER"]`)
	roundTrip(t, src)
}

// The keys of Unknown.After are those of the text, also behind segments.
func TestUnknownAfter(t *testing.T) {
	src := strings.Replace(read(t, "testdata/vg/striped.disk"), "}\nsegment2 {", "}\nzz = 1\nsegment2 {", 1)
	vg, err := lvm.Parse(src)
	require.NoError(t, err)
	for _, lv := range vg.LVs {
		if len(lv.Unknown) > 0 {
			require.Equal(t, "segment1", lv.Unknown[0].After)
			require.Equal(t, "zz", lv.Unknown[0].Node.Key)
		}
	}
	roundTrip(t, src)
}
