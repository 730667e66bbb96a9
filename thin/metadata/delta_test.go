package metadata

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// mapped is what the tree at root maps.
func mapped(t testing.TB, m *Metadata, root uint64) map[uint64]uint64 {
	t.Helper()
	all := map[uint64]uint64{}
	for run, err := range m.Mappings(ThinDevice{Root: root}) {
		require.NoError(t, err)
		for i := range run.Length {
			all[run.Virtual+i] = run.Data + i
		}
	}
	return all
}

// requireDelta compares a delta, with and without what is the same, with two maps.
func requireDelta(t testing.TB, trees *Trees, left, right ThinDevice) *Delta {
	t.Helper()
	a, b := mapped(t, trees.m, left.Root), mapped(t, trees.m, right.Root)
	var d *Delta
	for _, same := range []bool{true, false} {
		d = trees.Delta(left, right, DeltaOptions{Same: same})
		covered := map[uint64]bool{}
		var last Change
		for c, err := range d.Changes() {
			require.NoError(t, err)
			require.True(t, last.Length == 0 || c.Virtual >= last.Virtual+last.Length, "%v before %v", last, c)
			joined := last
			require.False(t, last.Length > 0 && joined.join(c), "%v and %v are one run", last, c)
			last = c
			for i := range c.Length {
				key := c.Virtual + i
				l, inLeft := a[key]
				r, inRight := b[key]
				want := Change{Kind: LeftOnly, Virtual: key, Length: 1, Left: l, Right: r}
				switch {
				case !inLeft:
					want.Kind = RightOnly
				case inRight && l == r:
					want.Kind = Same
				case inRight:
					want.Kind = Different
				}
				found := c
				found.Virtual, found.Length = key, 1
				if c.Kind != RightOnly {
					found.Left += i
				}
				if c.Kind != LeftOnly {
					found.Right += i
				}
				require.Equal(t, want, found)
				covered[key] = true
			}
		}
		for key, l := range a {
			if r, ok := b[key]; same || !ok || l != r {
				require.True(t, covered[key], key)
			}
		}
		for key, r := range b {
			if l, ok := a[key]; same || !ok || l != r {
				require.True(t, covered[key], key)
			}
		}
	}
	return d
}

// TestDelta compares all devices of the kernel's fixtures with one another, a held
// root's among them, and counts the blocks that are read.
func TestDelta(t *testing.T) {
	for _, name := range []string{"kernel-held", "kernel-snapshots", "kernel-needs-check-snapshot", "restored-small"} {
		image := fixture(t, name)
		m := openImage(t, image)
		devices, _ := collectDevices(m.Trees())
		if m.sb.HeldRoot != 0 {
			more, _ := collectDevices(held(t, m))
			devices = append(devices, more...)
		}
		for _, left := range devices {
			for _, right := range devices {
				d := requireDelta(t, m.Trees(), left, right)
				differ := differing(t, image, left.Root, right.Root)
				require.LessOrEqual(t, int(d.BlocksRead()), differ+differ/20, "%s: %d and %d", name, left.ID, right.ID)
			}
		}
	}
}

// TestDeltaReads holds the blocks read against those that differ, over snapshots
// with changes in one place, at random, and with a tree that has grown by a level.
func TestDeltaReads(t *testing.T) {
	seed := setting(t, "ROK_THIN_SEED", 1)
	rng := rand.New(rand.NewPCG(seed, 0))
	c := newCowTree()
	var root uint64
	const size = 33_000 // three levels
	for i := range uint64(size) {
		root = c.set(root, i*3, i)
	}
	base := root
	tests := []struct {
		name string
		keys func(i int) uint64
		n    int
	}{
		{"nothing", nil, 0},
		{"one", func(int) uint64 { return 30_000 }, 1},
		{"one before the first", func(int) uint64 { return 1 }, 1},
		{"a run", func(i int) uint64 { return 60_000 + 3*uint64(i) }, 100},
		{"new ones in a run", func(i int) uint64 { return 60_000 + uint64(i) }, 1000},
		{"at random", func(int) uint64 { return rng.Uint64N(3 * size) }, 1000},
		{"behind the end", func(i int) uint64 { return 3*size + uint64(i) }, 20_000},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c.snapshot()
			root := base
			for i := range test.n {
				root = c.set(root, test.keys(i), 1_000_000+uint64(i))
			}
			trees := c.metadata(t)
			left, right := ThinDevice{ID: 1, Root: base}, ThinDevice{ID: 2, Root: root}
			differ := differing(t, c.image, base, root)
			requireDelta(t, trees, left, right)
			for _, sides := range [][2]ThinDevice{{left, right}, {right, left}} {
				d := trees.Delta(sides[0], sides[1], DeltaOptions{})
				for _, err := range d.Changes() {
					require.NoError(t, err)
				}
				require.LessOrEqual(t, float64(d.BlocksRead()), 1.05*float64(differ), "of %d blocks that differ", differ)
			}
		})
	}
}

// TestDeltaHeights compares a tree with one that has grown by a level since, and
// shares nearly all with it.
func TestDeltaHeights(t *testing.T) {
	c := newCowTree()
	var root uint64
	next := uint64(0)
	grow := func(n int) {
		for range n {
			root = c.set(root, next, next)
			next++
		}
	}
	for _, before := range []int{10, 2000} {
		grow(before - int(next))
		c.snapshot()
		small := root
		height := len(pathToFirst(t, c.image, small))
		for len(pathToFirst(t, c.image, root)) == height {
			grow(1)
		}
		trees := c.metadata(t)
		left, right := ThinDevice{ID: 1, Root: small}, ThinDevice{ID: 2, Root: root}
		differ := differing(t, c.image, small, root)
		for _, sides := range [][2]ThinDevice{{left, right}, {right, left}} {
			d := requireDelta(t, trees, sides[0], sides[1])
			require.LessOrEqual(t, float64(d.BlocksRead()), 1.05*float64(differ), "of %d blocks that differ", differ)
		}
	}
}

// pathToFirst are the blocks on the way to the first leaf.
func pathToFirst(t testing.TB, image []byte, root uint64) []uint64 {
	path := []uint64{root}
	for n := readNode(t, image, root); !n.leaf; n = readNode(t, image, path[len(path)-1]) {
		path = append(path, n.value64(0))
	}
	return path
}

// deltaXMLOf is what thin_delta would print of trees.
func deltaXMLOf(t testing.TB, trees *Trees, left, right uint64, o DeltaOptions, verbose bool) []byte {
	t.Helper()
	l, err := trees.Device(left)
	require.NoError(t, err)
	r, err := trees.Device(right)
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, trees.Delta(l, r, o).WriteXML(&b, DeltaFormat{Verbose: verbose}))
	return b.Bytes()
}

func TestDeltaIsThinDeltas(t *testing.T) {
	needThinCheck(t)
	compare := func(image []byte, trees *Trees, left, right uint64, more ...string) {
		args := append([]string{"--thin1", fmt.Sprint(left), "--thin2", fmt.Sprint(right)}, more...)
		theirs := thinTool(t, image, "thin_delta", args...)
		requireText(t, theirs, deltaXMLOf(t, trees, left, right, DeltaOptions{Same: true}, false))
		var changes []byte
		for line := range bytes.Lines(theirs) {
			if !bytes.Contains(line, []byte("<same ")) {
				changes = append(changes, line...)
			}
		}
		requireText(t, changes, deltaXMLOf(t, trees, left, right, DeltaOptions{}, false))
		theirs = thinTool(t, image, "thin_delta", append(args, "--verbose")...)
		requireText(t, theirs, deltaXMLOf(t, trees, left, right, DeltaOptions{Same: true}, true))
	}
	for name, pairs := range map[string][][2]uint64{
		"kernel-snapshots":            {{0, 2}, {2, 0}, {0, 0}, {3, 4}, {0, 5}, {9, 2}, {9, 10}, {10, 10}},
		"kernel-held":                 {{0, 2}},
		"kernel-needs-check-snapshot": {{0, 1}, {1, 0}, {0, 2}},
		"restored-small":              {{0, 7}, {7, 0}, {0, 9}, {0, 16777215}, {8, 7}},
		"restored-deep":               {{0, 3}, {3, 6}},
	} {
		image := fixture(t, name)
		m := openImage(t, image)
		for _, pair := range pairs {
			compare(image, m.Trees(), pair[0], pair[1])
		}
	}
	image := fixture(t, "kernel-held")
	compare(image, held(t, openImage(t, image)), 0, 1, "--metadata-snap")

	seed := setting(t, "ROK_THIN_SEED", 1)
	for i := range 10 {
		image := restoreRandom(t, rand.New(rand.NewPCG(seed, uint64(i))))
		trees := openImage(t, image).Trees()
		compare(image, trees, 1, 2)
		compare(image, trees, 2, 1)
	}
}

// restoreRandom has thin_restore make two devices of short runs, which often share.
func restoreRandom(t testing.TB, rng *rand.Rand) []byte {
	var doc strings.Builder
	fmt.Fprintf(&doc, "<superblock uuid=\"\" time=\"3\" transaction=\"1\" flags=\"0\" version=\"2\" data_block_size=\"128\" nr_data_blocks=\"100000\">\n")
	for id := 1; id <= 2; id++ {
		fmt.Fprintf(&doc, "<device dev_id=\"%d\" mapped_blocks=\"0\" transaction=\"0\" creation_time=\"0\" snap_time=\"1\">\n", id)
		at, data := uint64(0), uint64(0)
		for range 1 + rng.IntN(400) {
			at += rng.Uint64N(3)
			if rng.IntN(2) == 0 {
				data = at
			} else if rng.IntN(2) == 0 {
				data = rng.Uint64N(90_000)
			}
			length := 1 + rng.Uint64N(6)
			fmt.Fprintf(&doc, "<range_mapping origin_begin=\"%d\" data_begin=\"%d\" length=\"%d\" time=\"%d\"/>\n", at, data, length, rng.IntN(2))
			at, data = at+length, data+length
		}
		doc.WriteString("</device>\n")
	}
	doc.WriteString("</superblock>\n")
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.xml"), filepath.Join(dir, "out")
	require.NoError(t, os.WriteFile(in, []byte(doc.String()), 0o600))
	require.NoError(t, os.WriteFile(out, make([]byte, 64*BlockSize), 0o600))
	text, err := exec.CommandContext(t.Context(), "thin_restore", "-i", in, "-o", out).CombinedOutput()
	require.NoError(t, err, string(text))
	image, err := os.ReadFile(out)
	require.NoError(t, err)
	return image
}

func TestDeltaJSONAndTable(t *testing.T) {
	trees := openImage(t, fixture(t, "restored-small")).Trees()
	left, err := trees.Device(0)
	require.NoError(t, err)
	right, err := trees.Device(16777215)
	require.NoError(t, err)
	var b bytes.Buffer
	d := trees.Delta(left, right, DeltaOptions{})
	require.NoError(t, d.WriteJSON(&b, DeltaFormat{Verbose: true}))
	require.True(t, json.Valid(b.Bytes()))
	require.Contains(t, b.String(), `
    {"kind": "left_only", "virtual_block": 0, "length": 3, "left_data_block": 0, "right_data_block": null},
    {"kind": "different", "virtual_block": 3, "length": 1, "left_data_block": 3, "right_data_block": 0},
`)
	b.Reset()
	require.NoError(t, d.WriteTable(&b, DeltaFormat{Verbose: true}))
	require.Equal(t, `KIND             VIRTUAL        LENGTH          LEFT         RIGHT
left_only              0             3             0             -
different              3             1             3             0
left_only              4             6             4             -
left_only             20             1            11             -
left_only   1152921504606846976             1            10             -
`, b.String())
}

// TestDeltaDamage: of what is lost on one side nothing is said, and all else is.
func TestDeltaDamage(t *testing.T) {
	c := newCowTree()
	var left, right uint64
	for i := range uint64(5000) {
		left = c.set(left, i, i)
	}
	for i := range uint64(5000) {
		right = c.set(right, i, i+i%2)
	}
	trees := c.metadata(t)
	a, b := ThinDevice{ID: 1, Root: left}, ThinDevice{ID: 2, Root: right}
	want := map[uint64]ChangeKind{}
	for i := range uint64(5000) {
		want[i] = ChangeKind(i % 2 * uint64(Different))
	}
	root := readNode(t, c.image, left)
	readNode(t, c.image, root.value64(3)).block[3000]++
	lost := []Range{root.childKeys(3, 1<<63)}
	other := readNode(t, c.image, right)
	last := other.entries - 1
	readNode(t, c.image, other.value64(last)).block[3000]++
	lost = append(lost, NewRange(other.key(last), 1<<63))
	for key := range want {
		if lost[0].Contains(key) || lost[1].Contains(key) {
			delete(want, key)
		}
	}
	found := map[uint64]ChangeKind{}
	var errs []error
	for change, err := range trees.Delta(a, b, DeltaOptions{Same: true}).Changes() {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for i := range change.Length {
			found[change.Virtual+i] = change.Kind
		}
	}
	require.Equal(t, want, found)
	require.Len(t, errs, 2)
	require.ErrorContains(t, errs[0], fmt.Sprintf("(device 1, blocks %v)", lost[0]))
	require.ErrorContains(t, errs[1], fmt.Sprintf("(device 2, blocks %d..)", lost[1].First))
	require.ErrorIs(t, trees.Delta(a, b, DeltaOptions{}).WriteXML(&bytes.Buffer{}, DeltaFormat{}), ErrCorrupt)
}

func TestDeltaStops(t *testing.T) {
	m := openImage(t, fixture(t, "kernel-snapshots"))
	devices, _ := collectDevices(m.Trees())
	n := 0
	d := m.Trees().Delta(devices[0], devices[1], DeltaOptions{Same: true})
	for range d.Changes() {
		if n++; n == 2 {
			break
		}
	}
	require.Equal(t, 2, n)
	require.NotZero(t, d.BlocksRead())
	require.Less(t, d.BlocksRead(), uint64(10))
}
