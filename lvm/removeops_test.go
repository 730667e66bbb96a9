package lvm_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
)

// stack has one of everything: a pool with a volume, a snapshot of it and one
// of an external origin, and an LV with two classic snapshots.
func stack(t *testing.T) *group {
	g := newGroup(t, 60)
	g.do(lvm.CreateThinPool{Name: "p", Size: extents(4)},
		lvm.CreateLV{Name: "ext", Size: extents(3), Options: lvm.Options{ReadOnly: true}},
		lvm.CreateLV{Name: "o", Size: extents(5)},
		lvm.CreateCOWSnapshot{Origin: "o", Name: "c1", Size: extents(2)},
		lvm.CreateCOWSnapshot{Origin: "o", Name: "c2", Size: extents(2)})
	for _, op := range []lvm.Op{
		lvm.CreateThin{Pool: "p", Name: "t", Size: extents(9)},
		lvm.CreateThinSnapshot{Origin: "t", Name: "s"},
		lvm.CreateExternalSnapshot{Origin: "ext", Pool: "p", Name: "x"},
	} {
		g.do(op)
		g.complete("p")
	}
	g.do(lvm.CreateCOWSnapshot{Origin: "t", Name: "ct", Size: extents(2)})
	return g
}

func TestRemoveLV(t *testing.T) {
	tests := []struct {
		name       string
		dependents bool
		gone       string // besides, in the order of the names; or the refusal
		err        error
	}{
		{"o", false, "in use: by c1, c2", lvm.ErrInUse},
		{"o", true, "c1 c2 snapshot0 snapshot1", nil},
		{"c1", false, "snapshot0", nil},
		{"t", false, "in use: by ct", lvm.ErrInUse},
		{"t", true, "ct snapshot2", nil},
		{"s", false, "", nil},
		{"x", false, "", nil},
		{"ext", false, "in use: by x", lvm.ErrInUse},
		{"ext", true, "x", nil},
		{"p", false, "in use: by ct, s, t, x", lvm.ErrInUse},
		{"p", true, "ct lvol0_pmspare p_tdata p_tmeta s snapshot2 t x", nil},
		{"p_tdata", true, "it is a part of p", lvm.ErrInUse},
		{"p_tmeta", true, "it is a part of p", lvm.ErrInUse},
		{"snapshot0", true, "not found", lvm.ErrNotFound},
		{"nothing", true, "not found", lvm.ErrNotFound},
	}
	for _, test := range tests {
		g := stack(t)
		op := lvm.RemoveLV{Name: test.name, WithDependents: test.dependents}
		if test.err != nil {
			g.refused(op, test.err, test.gone)
			continue
		}
		before := g.vg
		g.do(op)
		require.Nil(t, g.vg.LV(test.name))
		gone := map[string]bool{}
		for name := range strings.FieldsSeq(test.gone) {
			gone[name] = true
		}
		for _, lv := range before.LVs {
			if lv.Name != test.name {
				require.Equal(t, gone[lv.Name], g.vg.LV(lv.Name) == nil, "%s goes with %s", lv.Name, test.name)
			}
		}
	}
	// The spare stays until the last pool goes, and may go alone.
	g := stack(t)
	g.do(lvm.CreateThinPool{Name: "q", Size: extents(1)}, lvm.RemoveLV{Name: "p", WithDependents: true})
	require.NotNil(t, g.vg.LV("lvol0_pmspare"))
	g.do(lvm.RemoveLV{Name: "lvol0_pmspare"}, lvm.RemoveLV{Name: "q"}, lvm.RemoveLV{Name: "o", WithDependents: true}, lvm.RemoveLV{Name: "ext"})
	require.Empty(t, g.vg.LVs)
	g.do(lvm.CreateLV{Name: "all", Size: share(100, "FREE")}) // everything was given back
	require.Equal(t, "a:0-59", g.lv("all"))
}

// A pool that has yet to be told something is not told more.
func TestRemovePending(t *testing.T) {
	g := stack(t)
	g.do(lvm.CreateThin{Pool: "p", Name: "n", Size: extents(1)})
	g.refused(lvm.RemoveLV{Name: "s"}, lvm.ErrPending, "p: activate it first")
	g.refused(lvm.RemoveLV{Name: "ext", WithDependents: true}, lvm.ErrPending, "p: activate it first")
	g.do(lvm.RemoveLV{Name: "p", WithDependents: true}) // of which nothing is left to be told
	require.Nil(t, g.vg.LV("n"))
}

// With many in the way an error names some.
func TestRemoveNamesSome(t *testing.T) {
	g := newGroup(t, 60)
	g.do(lvm.CreateLV{Name: "o", Size: extents(1)})
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		g.do(lvm.CreateCOWSnapshot{Origin: "o", Name: name, Size: extents(1)})
	}
	g.refused(lvm.RemoveLV{Name: "o"}, lvm.ErrInUse, "by a, b, c, d, 2 more")
}

func TestRenameLV(t *testing.T) {
	g := stack(t)
	g.do(lvm.RenameLV{Name: "p", To: "pool"})
	require.Equal(t, "pool 4 pool_tdata pool_tmeta id 3", g.lv("pool"))
	require.Equal(t, "thin 9 pool/1 id 0", g.lv("t"))
	g.do(lvm.RenameLV{Name: "t", To: "thin"})
	require.Equal(t, "thin 9 pool/2 id 1 of thin", g.lv("s"))
	require.Equal(t, "snapshot 9 of thin in ct, chunks of 8", g.lv("snapshot2"))
	g.do(lvm.RenameLV{Name: "ext", To: "external"})
	require.Equal(t, "thin 3 pool/3 id 2 on external", g.lv("x"))
	g.do(lvm.RenameLV{Name: "c1", To: "cow"}, lvm.RenameLV{Name: "o", To: "origin"})
	require.Equal(t, "snapshot 5 of origin in cow, chunks of 8", g.lv("snapshot0"))
	require.Equal(t, "snapshot 5 of origin in c2, chunks of 8", g.lv("snapshot1"))
	// The names are free again.
	g.do(lvm.CreateLV{Name: "p", Size: extents(1)}, lvm.CreateLV{Name: "t", Size: extents(1)})

	g.refused(lvm.RenameLV{Name: "none", To: "x1"}, lvm.ErrNotFound, "rename LV vg/none: not found")
	g.refused(lvm.RenameLV{Name: "snapshot0", To: "x1"}, lvm.ErrNotFound, "not found")
	g.refused(lvm.RenameLV{Name: "p", To: "p"}, lvm.ErrUnchanged, "the names are the same")
	g.refused(lvm.RenameLV{Name: "p", To: "t"}, lvm.ErrExists, "t")
	g.refused(lvm.RenameLV{Name: "p", To: "snapshot0"}, lvm.ErrName, "LVM's own")
	g.refused(lvm.RenameLV{Name: "p", To: "x/y"}, lvm.ErrName, "has other characters")
	g.refused(lvm.RenameLV{Name: "p", To: longName}, lvm.ErrName, "too long")
	g.refused(lvm.RenameLV{Name: "pool", To: longName[:113]}, lvm.ErrName, "too long") // its parts' names
	g.refused(lvm.RenameLV{Name: "pool_tdata", To: "x1"}, lvm.ErrInUse, "a part of another LV")
	g.refused(lvm.RenameLV{Name: "lvol0_pmspare", To: "x1"}, lvm.ErrInUse, "a part of another LV")
}

// No text of lvm2's has the old name anywhere when an LV was renamed, or the
// rename is refused: of LVs that are in segments that rok only holds, too.
func TestRenameLeavesNoName(t *testing.T) {
	files, err := filepath.Glob("testdata/vg/*.disk")
	require.NoError(t, err)
	renamed, held := 0, 0
	for _, file := range files {
		g := parsed(t, strings.TrimSuffix(filepath.Base(file), ".disk"))
		g.vg.Origin.Description = "test"
		for _, lv := range g.vg.LVs {
			next, err := g.try(lvm.RenameLV{Name: lv.Name, To: "renamed"})
			if err != nil {
				held++
				continue
			}
			renamed++
			words := strings.FieldsFunc(string(next.AppendText(nil)), func(r rune) bool {
				return !strings.ContainsRune("_-.+", r) && !('0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z')
			})
			tags := strings.Join(next.Tags, " ")
			for _, other := range next.LVs {
				tags += " " + strings.Join(other.Tags, " ")
			}
			for _, word := range words {
				if word == lv.Name && !strings.Contains(tags, word) && !keyword(word) {
					require.Fail(t, "the old name is left", "%s: %s", file, lv.Name)
				}
			}
		}
	}
	t.Logf("%d renamed, %d refused", renamed, held)
	require.Greater(t, renamed, 40)
	require.Greater(t, held, 40)
}

// keyword reports whether a word stands in any text.
func keyword(word string) bool {
	for _, key := range append(append([]string(nil), keys...), types...) {
		if word == key {
			return true
		}
	}
	return false
}
