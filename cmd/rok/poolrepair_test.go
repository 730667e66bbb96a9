package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/thin/metadata"
)

// A pool in an image file, whose metadata is damaged: no kernel is needed.
func TestPoolCheckAndRepair(t *testing.T) {
	m := newMachine(t)
	image := filepath.Join(t.TempDir(), "disk.img")
	require.NoError(t, os.WriteFile(image, nil, 0o600))
	require.NoError(t, os.Truncate(image, 64<<20))
	m.must("vg", "create", "data", image, "--image", image)
	m.must("lv", "create", "data/tank", "--thin-pool", "--size", "20M", "--image", image)
	require.Contains(t, m.must("pool", "check", "data/tank", "--image", image), "none: the pool was never active")
	m.must("lv", "create", "data/home", "--pool", "tank", "--size", "1G", "--image", image)

	sys, err := lvm.OpenSystem(&lvm.SystemConfig{Images: []string{image}})
	require.NoError(t, err)
	defer sys.Close()
	var root uint64
	metadataOf := func(do func(*lvm.LVContent)) {
		require.NoError(t, sys.Read(t.Context(), "data", true, func(g *lvm.DiskVG) error {
			c, err := g.PoolMetadata("tank")
			require.NoError(t, err)
			do(c)
			return nil
		}))
	}
	metadataOf(func(c *lvm.LVContent) {
		w, err := metadata.NewWriter(c, c.Size(), metadata.Pool{TransactionID: 1, DataBlockSize: 128, DataBlocks: 320})
		require.NoError(t, err)
		require.NoError(t, w.Device(1, metadata.DeviceDetail{}))
		require.NoError(t, w.Map(metadata.Mapping{Virtual: 5, Data: 7, Length: 20}))
		require.NoError(t, w.Device(9, metadata.DeviceDetail{}))
		_, err = w.Commit()
		require.NoError(t, err)
		md, err := metadata.Open(c, c.Size())
		require.NoError(t, err)
		d, err := md.Trees().Device(1)
		require.NoError(t, err)
		root = d.Root
	})
	require.Contains(t, m.must("pool", "check", "data/tank", "--image", image), "devices of no volume")
	require.Equal(t, "data/tank: nothing to do\n", m.must("pool", "repair", "data/tank", "--image", image))

	metadataOf(func(c *lvm.LVContent) {
		_, err := c.WriteAt(make([]byte, metadata.BlockSize), int64(root)*metadata.BlockSize)
		require.NoError(t, err)
	})
	stdout, stderr, code := m.rok("pool", "check", "data/tank", "--image", image)
	require.Equal(t, int(cli.Corrupt), code)
	require.Contains(t, stdout, "problem: metadata has 1 fault: thin metadata is corrupt\nfault: ")
	require.Equal(t, "rok: data/tank: 1 problem; rok pool repair data/tank\n", stderr)

	stdout = m.must("pool", "repair", "data/tank", "--dry-run", "--image", image)
	require.Contains(t, stdout, "data/tank: write what can be read of the metadata into the spare of VG data: it has 1 fault\n")
	require.Contains(t, stdout, "nothing was changed")

	stdout, stderr, code = m.rok("pool", "repair", "data/tank", "--image", image)
	require.Equal(t, int(cli.Corrupt), code)
	require.Contains(t, stdout, "data/tank: the metadata as it was is kept as data/tank_meta0\nlost: ")
	require.Contains(t, stderr, "home: volume is not in the pool's metadata")
	stdout, _, code = m.rok("pool", "check", "data/tank", "--image", image)
	require.Equal(t, int(cli.Corrupt), code)
	require.Contains(t, stdout, "problem: volume home: device 1 is not in the metadata\n")

	_, stderr, code = m.rok("pool", "repair", "data/tank", "--transaction-id", "mine", "--image", image)
	require.Equal(t, int(cli.Usage), code)
	require.Contains(t, stderr, `--transaction-id is metadata or vg, not "mine"`)
}

// An active pool is deactivated only with --yes.
func TestPoolRepairActive(t *testing.T) {
	m := tankMachine(t, "")
	m.do("pool data-tank-tpool mode fail")
	_, stderr, code := m.rok("pool", "repair", "data/tank")
	require.Equal(t, int(cli.Refused), code)
	require.Equal(t, "rok: repair pool data/tank: is active: home, tank; --yes deactivates it meanwhile\n", stderr)
	m.do("pool data-tank-tpool mode data")
	_, stderr, code = m.rok("pool", "repair", "data/tank", "--yes")
	require.Equal(t, int(cli.NoSpace), code)
	require.Contains(t, stderr, "rok pool extend data/tank\n")
}
