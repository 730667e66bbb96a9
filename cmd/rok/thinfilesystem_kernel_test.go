package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/thin"
	"github.com/rok-storage/rok/units"
)

// fileSystem is one that uses a volume of a pool, and is mounted meanwhile.
type fileSystem struct {
	kind   string
	id     thin.DeviceID
	mkfs   []string
	volume *thin.Volume
	dir    string
}

// files writes n files of random bytes, and takes away some that are there.
func (s *fileSystem) files(t *testing.T, rng *rand.Rand, n int) {
	t.Helper()
	for range n {
		path := filepath.Join(s.dir, fmt.Sprint(rng.IntN(30)))
		if rng.IntN(3) == 0 {
			if err := os.Remove(path); err != nil {
				require.ErrorIs(t, err, os.ErrNotExist)
			}
			continue
		}
		b := make([]byte, 1+rng.IntN(600_000))
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
		require.NoError(t, err)
		_, err = f.WriteAt(b, rng.Int64N(200_000))
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
}

// Two file systems use a pool, one of which gives back what it does not need, while
// snapshots are taken of them, and of those. What is extracted of each volume is
// what it reads when it is active; so is a snapshot's copy with the changes since.
func TestKernelThinExtractFileSystems(t *testing.T) {
	p := newOraclePool(t, 4*units.MiB)
	testenv.Kernel(t, "module ext4", "module xfs", "program mkfs.ext4", "program mkfs.xfs", "program fstrim")
	p.volumeSize, p.dataSize = 64*units.MiB, 160*units.MiB
	data := testenv.LoopDisk(t, p.dataSize)
	p.data = dm.BlockDev{Path: data}
	p.start(p.meta)
	rng := rand.New(rand.NewPCG(testSeed(t), 1))
	systems := []*fileSystem{
		{kind: "ext4", id: 1, mkfs: []string{"mkfs.ext4", "-q", "-F"}},
		// A log as small as it gets, and a file system below what is supported now.
		{kind: "xfs", id: 2, mkfs: []string{"mkfs.xfs", "--unsupported", "-q", "-f", "-l", "size=10m"}},
	}
	for _, s := range systems {
		p.mount(s)
		s.files(t, rng, 25)
	}
	ids := []thin.DeviceID{1, 2}
	for round := range thin.DeviceID(3) {
		for _, s := range systems {
			id := 10*(round+1) + s.id
			require.NoError(t, p.pool.CreateSnapshot(t.Context(), id, s.id))
			ids = append(ids, id)
			s.files(t, rng, 20)
			if round == 1 {
				toolOutput(t, "fstrim", s.dir)
				require.NoError(t, p.pool.CreateSnapshot(t.Context(), 100+s.id, 10+s.id))
				ids = append(ids, 100+s.id)
			}
		}
	}
	for _, s := range systems {
		p.unmount(s)
	}

	want := filepath.Join(t.TempDir(), "want")
	require.NoError(t, os.Mkdir(want, 0o700))
	file := func(id thin.DeviceID) string { return filepath.Join(want, fmt.Sprint(id)) }
	for _, id := range ids {
		p.with(id, dm.BlockDev{}, func(v *thin.Volume, _ *os.File) {
			out, err := exec.Command("dd", "if="+v.Path(), "of="+file(id), "bs=1M", "conv=sparse").CombinedOutput()
			require.NoError(t, err, string(out))
		})
	}
	p.stop()
	p.judge(p.meta, [2]thin.DeviceID{1, 11}, [2]thin.DeviceID{2, 32}, [2]thin.DeviceID{101, 21})
	for _, s := range systems {
		changes := toolOutput(t, "thin_delta", "--thin1", fmt.Sprint(10+s.id), "--thin2", fmt.Sprint(s.id), p.meta)
		for _, kind := range []string{"same", "different", "left_only"} { // the trim's
			require.Contains(t, changes, "<"+kind+" ", s.kind)
		}
	}

	extract := func(id thin.DeviceID, more ...string) {
		t.Helper()
		onKernel(t, append([]string{"thin", "extract", fmt.Sprint(id), "--metadata", p.meta, "--data", data, "-q"}, more...)...)
	}
	found := filepath.Join(t.TempDir(), "found")
	size := fmt.Sprintf("%dB", uint64(p.volumeSize))
	for _, id := range ids {
		extract(id, "-o", found, "--size", size)
		requireSameFiles(t, file(id), found, id)
		require.NoError(t, os.Remove(found))
	}
	for _, pair := range [][2]thin.DeviceID{{11, 1}, {12, 2}, {32, 22}, {1, 101}} {
		extract(pair[0], "-o", found, "--size", size)
		extract(pair[1], "--since", fmt.Sprint(pair[0]), "--apply", "-o", found, "--force")
		requireSameFiles(t, file(pair[1]), found, pair[1])
		require.NoError(t, os.Remove(found))
	}
}

// mount makes the file system on a volume, and mounts it.
func (p *oraclePool) mount(s *fileSystem) {
	t := p.t
	t.Helper()
	var err error
	s.volume, err = p.pool.CreateVolume(t.Context(), thin.VolumeConfig{
		ID: s.id, Name: p.name + "-" + s.kind, Size: p.volumeSize.SectorsRoundUp(),
	})
	require.NoError(t, err)
	s.dir = t.TempDir()
	toolOutput(t, s.mkfs[0], append(s.mkfs[1:len(s.mkfs):len(s.mkfs)], s.volume.Path())...)
	require.NoError(t, unix.Mount(s.volume.Path(), s.dir, s.kind, 0, ""))
	t.Cleanup(func() {
		if s.volume != nil {
			p.unmount(s)
		}
	})
}

func (p *oraclePool) unmount(s *fileSystem) {
	p.t.Helper()
	require.NoError(p.t, unix.Unmount(s.dir, 0))
	require.NoError(p.t, s.volume.Deactivate(context.Background(), dm.RemoveOptions{}))
	s.volume = nil
}

// requireSameFiles compares without printing what differs.
func requireSameFiles(t *testing.T, want, found string, id thin.DeviceID) {
	t.Helper()
	a, err := os.Open(want)
	require.NoError(t, err)
	defer a.Close()
	b, err := os.Open(found)
	require.NoError(t, err)
	defer b.Close()
	x, y := make([]byte, units.MiB), make([]byte, units.MiB)
	for at := int64(0); ; at += int64(units.MiB) {
		n, errA := io.ReadFull(a, x)
		m, errB := io.ReadFull(b, y)
		require.Equal(t, errA, errB, "volume %d: a file ends at %d", id, at)
		require.True(t, bytes.Equal(x[:n], y[:m]), "volume %d, behind %d", id, at)
		if errA != nil {
			require.Contains(t, []error{io.EOF, io.ErrUnexpectedEOF}, errA)
			return
		}
	}
}
