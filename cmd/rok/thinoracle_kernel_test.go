package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/thin"
	"github.com/rok-storage/rok/units"
)

// judge holds what rok says of the metadata on dev against what the tools say.
func (p *oraclePool) judge(dev string, pairs ...[2]thin.DeviceID) {
	t := p.t
	t.Helper()
	toolOutput(t, "thin_check", "-q", dev)
	onKernel(t, "thin", "check", dev)
	dump := toolOutput(t, "thin_dump", dev)
	requireSame(t, dump, onKernel(t, "thin", "dump", dev), "dump")
	p.usage(dev)
	for _, pair := range pairs {
		p.delta(dev, fmt.Sprint(pair[0]), fmt.Sprint(pair[1]))
	}
}

// usage compares what both say that each device maps, has for itself and shares.
func (p *oraclePool) usage(dev string) {
	t := p.t
	t.Helper()
	var list struct{ Devices []thinLsView }
	require.NoError(t, json.Unmarshal([]byte(onKernel(t, "thin", "ls", dev, "-o", "json")), &list))
	var ours []string
	for _, d := range list.Devices {
		ours = append(ours, fmt.Sprint(d.ID), fmt.Sprint(d.Mapped), fmt.Sprint(*d.Exclusive), fmt.Sprint(*d.Shared))
	}
	theirs := toolOutput(t, "thin_ls", "--no-headers", "--format", "DEV,MAPPED_BLOCKS,EXCLUSIVE_BLOCKS,SHARED_BLOCKS", dev)
	requireSame(t, strings.Join(strings.Fields(theirs), "\n"), strings.Join(ours, "\n"), "ls")
}

// delta compares what both say of what differs, and of what is the same.
func (p *oraclePool) delta(dev, left, right string, snap ...string) {
	t := p.t
	t.Helper()
	theirs := toolOutput(t, "thin_delta", append([]string{"--thin1", left, "--thin2", right, dev}, snap...)...)
	requireSame(t, theirs, onKernel(t, append([]string{"thin", "delta", dev, left, right, "--same", "-o", "xml"}, snap...)...), "delta "+left+" "+right)
	changes := slices.DeleteFunc(strings.SplitAfter(theirs, "\n"), func(line string) bool { return strings.Contains(line, "<same ") })
	requireSame(t, strings.Join(changes, ""), onKernel(t, append([]string{"thin", "delta", dev, left, right, "-o", "xml"}, snap...)...), "delta "+left+" "+right)
}

// restored has each restore what the other dumps of dev: both are sound, hold the same,
// and the kernel goes on with rok's.
func (p *oraclePool) restored(dev string) {
	t := p.t
	t.Helper()
	theirs, ours := filepath.Join(t.TempDir(), "theirs"), filepath.Join(t.TempDir(), "ours")
	dump := toolOutput(t, "thin_dump", dev)
	require.NoError(t, os.WriteFile(theirs, []byte(dump), 0o600))
	require.NoError(t, os.WriteFile(ours, []byte(onKernel(t, "thin", "dump", dev)), 0o600))
	byTool, byRok := testenv.LoopDisk(t, p.size), testenv.LoopDisk(t, p.size)
	toolOutput(t, "thin_restore", "-q", "-i", ours, "-o", byTool)
	onKernel(t, "thin", "restore", "-q", "-i", theirs, "-o", byRok)
	for _, restored := range []string{byTool, byRok} {
		p.judge(restored)
		requireSame(t, dump, toolOutput(t, "thin_dump", restored), "restored")
	}
	p.start(byRok)
	status, err := p.pool.Status()
	require.NoError(t, err)
	require.NoError(t, status.Err())
	require.Equal(t, thin.Writable, status.State)
	require.NoError(t, p.pool.CreateSnapshot(t.Context(), 1_000_000, 1))
	p.with(1, dm.BlockDev{}, func(_ *thin.Volume, f *os.File) { p.write(f, 0, 100, 17) })
	p.stop()
	p.judge(byRok, [2]thin.DeviceID{1_000_000, 1})
}

// A kernel makes metadata of every kind: snapshots of snapshots, fragments, discards, a
// metadata snapshot, an external origin. rok and the tools say the same of them.
func TestKernelThinOracle(t *testing.T) {
	p := newOraclePool(t, 8*units.MiB)
	rng := rand.New(rand.NewPCG(testSeed(t), 0))
	p.start(p.meta)
	pool := p.pool
	origin := p.zeros("origin", p.volumeSize)
	for _, id := range []thin.DeviceID{1, 2} {
		require.NoError(t, pool.CreateThin(id))
	}
	p.with(1, dm.BlockDev{}, func(v *thin.Volume, f *os.File) {
		p.write(f, 0, 1500, 1)
		require.NoError(t, pool.CreateSnapshot(t.Context(), 3, 1))
		p.scatter(f, rng, 300)
		require.NoError(t, pool.CreateSnapshot(t.Context(), 4, 3)) // of a snapshot
		require.NoError(t, pool.CreateSnapshot(t.Context(), 5, 1))
		p.write(f, 1500, 400, 3)
	})
	p.with(2, origin, func(v *thin.Volume, f *os.File) { // in turns with another: fragments
		p.with(4, dm.BlockDev{}, func(_ *thin.Volume, g *os.File) {
			for i := range 200 {
				p.write(f, 2*i, 1, 1)
				p.write(g, 7*i, 1, 1)
			}
			require.NoError(t, pool.CreateSnapshot(t.Context(), 6, 4))
			require.NoError(t, discardChunks(g, 100, 500))
			require.NoError(t, discardChunks(f, 10, 1))
			p.write(g, 300, 20, 2)
		})
	})
	require.NoError(t, pool.CreateSnapshot(t.Context(), 7, 6))
	require.NoError(t, pool.CreateThin(thin.MaxDeviceID))
	require.NoError(t, pool.Delete(3))
	require.NoError(t, pool.ReserveMetadataSnapshot())
	p.with(5, dm.BlockDev{}, func(_ *thin.Volume, f *os.File) { p.scatter(f, rng, 200) })
	require.NoError(t, pool.Delete(7))
	require.NoError(t, pool.SetTransactionID(0, 3))

	// What is held can be read now; what follows, when the pool is not active.
	snap := toolOutput(t, "thin_dump", "--metadata-snap", p.meta)
	requireSame(t, snap, onKernel(t, "thin", "dump", "--metadata-snap", p.meta), "dump of the metadata snapshot")
	require.Contains(t, snap, `dev_id="7"`)
	onKernel(t, "thin", "check", "--metadata-snap", p.meta)
	p.delta(p.meta, "5", "1", "--metadata-snap")
	p.stop()

	pairs := [][2]thin.DeviceID{{1, 5}, {5, 1}, {4, 6}, {6, 4}, {1, 4}, {2, 6}, {1, thin.MaxDeviceID}, {5, 5}}
	p.judge(p.meta, pairs...)
	require.Contains(t, toolOutput(t, "thin_delta", "--thin1", "4", "--thin2", "6", p.meta), "<right_only ", "nothing was discarded")
	require.Contains(t, toolOutput(t, "thin_dump", "--dev-id", "2", p.meta), "<single_mapping ", "no fragments")
	p.restored(p.meta)
}

// A pool of many devices: every tenth has blocks, and of those every other is a snapshot
// of the one before. ROK_THIN_DEVICES says how many (2,000; scripts/crash.sh: 10,000).
func TestKernelThinManyDevices(t *testing.T) {
	devices := 2000
	if text := os.Getenv("ROK_THIN_DEVICES"); text != "" {
		var err error
		devices, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	p := newOraclePool(t, 8*units.MiB+units.Bytes(devices)*16*units.KiB)
	p.start(p.meta)
	for i := range devices {
		id := thin.DeviceID(i + 1)
		if i%20 == 10 {
			require.NoError(t, p.pool.CreateSnapshot(t.Context(), id, id-10))
		} else {
			require.NoError(t, p.pool.CreateThin(id))
		}
		if i%10 == 0 {
			p.with(id, dm.BlockDev{}, func(_ *thin.Volume, f *os.File) { p.write(f, i%7, 5, 1+i%3) })
		}
	}
	p.stop()
	p.judge(p.meta, [2]thin.DeviceID{1, 11}, [2]thin.DeviceID{31, 21}, [2]thin.DeviceID{1, 2})
	p.restored(p.meta)
}

// discardChunks hands chunks back to the pool.
func discardChunks(f *os.File, first, n int) error {
	return ioctl.Discard(f, units.Bytes(first)*oracleChunk, units.Bytes(n)*oracleChunk)
}

// testSeed is ROK_THIN_SEED, or 1.
func testSeed(t *testing.T) uint64 {
	text := os.Getenv("ROK_THIN_SEED")
	if text == "" {
		return 1
	}
	n, err := strconv.ParseUint(text, 10, 64)
	require.NoError(t, err)
	return n
}

// toolOutput is what a program prints on standard output.
func toolOutput(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "%s %q: %s", name, args, stderr.String())
	return string(out)
}

// requireSame names the first line that differs, and does not print them all.
func requireSame(t *testing.T, want, found, what string) {
	t.Helper()
	if want == found {
		return
	}
	wanted, lines := strings.Split(want, "\n"), strings.Split(found, "\n")
	for i := range min(len(wanted), len(lines)) {
		require.Equal(t, wanted[i], lines[i], "%s, line %d", what, i+1)
	}
	require.Len(t, lines, len(wanted), what)
}
