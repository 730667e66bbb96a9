package metadata

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// xml is the dump of t.
func xml(t testing.TB, trees *Trees, o DumpOptions) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, trees.WriteXML(&b, o))
	return b.Bytes()
}

func held(t testing.TB, m *Metadata) *Trees {
	t.Helper()
	trees, err := m.HeldTrees()
	require.NoError(t, err)
	return trees
}

// TestWriteXMLGoldens needs no tools: the goldens are what thin_dump printed.
func TestWriteXMLGoldens(t *testing.T) {
	golden := func(name string) string {
		b, err := os.ReadFile("testdata/" + name)
		require.NoError(t, err)
		return string(b)
	}
	require.Equal(t, golden("restored-small.xml"), string(xml(t, openImage(t, fixture(t, "restored-small")).Trees(), DumpOptions{})))
	m := openImage(t, fixture(t, "kernel-held"))
	require.Equal(t, golden("kernel-held.xml"), string(xml(t, m.Trees(), DumpOptions{})))
	require.Equal(t, golden("kernel-held.snap.xml"), string(xml(t, held(t, m), DumpOptions{})))
}

// thinTool runs one of thin-provisioning-tools over image, as its last argument.
func thinTool(t testing.TB, image []byte, tool string, args ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "meta")
	require.NoError(t, os.WriteFile(path, image, 0o600))
	out, err := exec.CommandContext(t.Context(), tool, append(args, path)...).Output()
	require.NoError(t, err, "%s %q", tool, args)
	return out
}

// TestWriteXMLIsThinDumps compares every fixture, and each option.
func TestWriteXMLIsThinDumps(t *testing.T) {
	needThinCheck(t)
	for _, name := range fixtures(t) {
		image := fixture(t, name)
		m := openImage(t, image)
		for _, test := range []struct {
			args []string
			o    DumpOptions
		}{
			{},
			{[]string{"--skip-mappings"}, DumpOptions{SkipMappings: true}},
			{[]string{"--dev-id", "3"}, DumpOptions{Devices: []uint64{3}}},
			{[]string{"--dev-id", "9", "--dev-id", "0"}, DumpOptions{Devices: []uint64{9, 0}}},
			{[]string{"--dev-id", "12345"}, DumpOptions{Devices: []uint64{12345}}},
		} {
			requireText(t, thinTool(t, image, "thin_dump", test.args...), xml(t, m.Trees(), test.o))
		}
		if block := m.sb.HeldRoot; block != 0 {
			for _, arg := range []string{"--metadata-snap", "--metadata-snap=" + strconv.FormatUint(block, 10)} {
				requireText(t, thinTool(t, image, "thin_dump", arg), xml(t, held(t, m), DumpOptions{}))
			}
		}
	}
}

// requireText is require.Equal for long texts: it names the first line that differs.
func requireText(t testing.TB, want, found []byte) {
	t.Helper()
	a, b := bytes.Split(want, []byte("\n")), bytes.Split(found, []byte("\n"))
	for i := range min(len(a), len(b)) {
		require.Equal(t, string(a[i]), string(b[i]), "line %d", i+1)
	}
	require.Len(t, b, len(a), "lines")
}

func TestWriteJSON(t *testing.T) {
	type mapping struct {
		Virtual uint64 `json:"virtual_block"`
		Data    uint64 `json:"data_block"`
		Length  uint64 `json:"length"`
		Time    uint32 `json:"time"`
	}
	for _, name := range fixtures(t) {
		trees := openImage(t, fixture(t, name)).Trees()
		var b bytes.Buffer
		require.NoError(t, trees.WriteJSON(&b, DumpOptions{}))
		var doc struct {
			TransactionID uint64 `json:"transaction_id"`
			NeedsCheck    bool   `json:"needs_check"`
			Devices       []struct {
				ID       uint64    `json:"device_id"`
				Mapped   uint64    `json:"mapped_blocks"`
				Mappings []mapping `json:"mappings"`
			} `json:"devices"`
		}
		require.NoError(t, json.Unmarshal(b.Bytes(), &doc), name)
		require.Equal(t, trees.sb.TransactionID, doc.TransactionID)
		require.Equal(t, trees.sb.NeedsCheck(), doc.NeedsCheck)
		i := 0
		for d, err := range trees.Devices() {
			require.NoError(t, err)
			require.Equal(t, d.ID, doc.Devices[i].ID)
			require.Equal(t, d.Detail.MappedBlocks, doc.Devices[i].Mapped)
			var want []mapping
			for run, err := range trees.m.Mappings(d) {
				require.NoError(t, err)
				want = append(want, mapping(run))
			}
			require.Len(t, doc.Devices[i].Mappings, len(want))
			require.Equal(t, append([]mapping{}, want...), doc.Devices[i].Mappings)
			i++
		}
		require.Len(t, doc.Devices, i)
	}
}

// TestDumpMemory: what a dump takes does not follow what it writes.
func TestDumpMemory(t *testing.T) {
	m := openImage(t, fixture(t, "restored-deep"))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	require.NoError(t, m.Trees().WriteXML(io.Discard, DumpOptions{Devices: []uint64{0}}))
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(512<<10))
}

func TestDumpDamage(t *testing.T) {
	image := fixture(t, "restored-deep")
	m := openImage(t, image)
	whole := xml(t, m.Trees(), DumpOptions{})
	dev, err := m.Trees().Device(0)
	require.NoError(t, err)
	root := readNode(t, image, dev.Root)
	leaf := readNode(t, image, root.value64(1))
	leaf.block[3000]++

	var b bytes.Buffer
	err = m.Trees().WriteXML(&b, DumpOptions{})
	var lost *CorruptError
	require.ErrorAs(t, err, &lost)
	require.Equal(t, NewRange(0, 0), lost.Devices)
	require.Equal(t, NewRange(root.key(1), root.key(2)-1), lost.Blocks)
	require.Less(t, b.Len(), len(whole))

	// The damage is told once, and all other devices are whole.
	b.Reset()
	count := 0
	require.NoError(t, m.Trees().WriteXML(&b, DumpOptions{Damage: func(err error) error {
		count++
		require.Equal(t, lost, err)
		return nil
	}}))
	require.Equal(t, 1, count)
	end := []byte("  </device>\n")
	_, others, _ := bytes.Cut(whole, end)
	_, found, _ := bytes.Cut(b.Bytes(), end)
	requireText(t, others, found)

	// A device that is asked for is not kept back by the damage of another.
	require.NotEmpty(t, xml(t, m.Trees(), DumpOptions{Devices: []uint64{3}}))

	stop := errors.New("stop")
	require.ErrorIs(t, m.Trees().WriteXML(io.Discard, DumpOptions{Damage: func(error) error { return stop }}), stop)
}

func TestDumpWriteError(t *testing.T) {
	m := openImage(t, fixture(t, "restored-deep"))
	full := errors.New("full")
	require.ErrorIs(t, m.Trees().WriteXML(writerFunc(func([]byte) (int, error) { return 0, full }), DumpOptions{}), full)
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
