package metadata

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// collectDevices is what Devices yields, and the errors apart.
func collectDevices(trees *Trees) (devices []ThinDevice, errs []error) {
	for d, err := range trees.Devices() {
		if err != nil {
			errs = append(errs, err)
		}
		if d != (ThinDevice{}) {
			devices = append(devices, d)
		}
	}
	return devices, errs
}

func TestDevices(t *testing.T) {
	for _, name := range fixtures(t) {
		image := fixture(t, name)
		m := openImage(t, image)
		report, err := check(t, image)
		require.NoError(t, err)
		devices, errs := collectDevices(m.Trees())
		require.Empty(t, errs)
		require.Len(t, devices, int(report.Devices), name)
		for i, d := range devices {
			require.True(t, i == 0 || devices[i-1].ID < d.ID)
			found, err := m.Trees().Device(d.ID)
			require.NoError(t, err)
			require.Equal(t, d, found)
			var blocks uint64
			for run, err := range m.Mappings(d) {
				require.NoError(t, err)
				blocks += run.Length
			}
			require.Equal(t, d.Detail.MappedBlocks, blocks)
		}
		_, err = m.Trees().Device(MaxDeviceID - 1)
		require.ErrorIs(t, err, ErrNoDevice)
		for range m.Trees().Devices() {
			break // leaves nothing behind
		}
	}
}

func TestHeldTrees(t *testing.T) {
	_, err := openImage(t, fixture(t, "kernel-fresh")).HeldTrees()
	require.ErrorIs(t, err, ErrNoSnapshot)

	image := fixture(t, "kernel-held")
	m := openImage(t, image)
	devices, errs := collectDevices(held(t, m))
	require.Empty(t, errs)
	require.Len(t, devices, 2)
	block(image, m.sb.HeldRoot)[100]++
	_, err = m.HeldTrees()
	require.ErrorIs(t, err, ErrCorrupt)
}

// TestDevicesDamage damages leaves of either tree: what both have is still found.
func TestDevicesDamage(t *testing.T) {
	clean := fixture(t, "restored-deep")
	all, _ := collectDevices(openImage(t, clean).Trees())
	firstLeaf := func(image []byte, root uint64) (node, Range) {
		parent := readNode(t, image, root)
		require.False(t, parent.leaf)
		child := readNode(t, image, parent.value64(1))
		require.True(t, child.leaf)
		return child, parent.childKeys(1, ^uint64(0))
	}
	t.Run("mappings", func(t *testing.T) {
		image := append([]byte(nil), clean...)
		m := openImage(t, image)
		leaf, keys := firstLeaf(image, m.sb.MappingRoot)
		leaf.block[3000]++
		devices, errs := collectDevices(m.Trees())
		require.Len(t, devices, len(all))
		require.Len(t, errs, 1+leaf.entries, "of the leaf, and of each device that has lost its mappings")
		for i, d := range devices {
			if keys.Contains(d.ID) {
				require.Equal(t, ThinDevice{ID: d.ID, Detail: all[i].Detail}, d)
				_, err := m.Trees().Device(d.ID)
				require.ErrorIs(t, err, ErrCorrupt)
			} else {
				require.Equal(t, all[i], d)
			}
		}
		var lost *CorruptError
		require.ErrorAs(t, errs[0], &lost)
		require.Equal(t, keys, lost.Devices)
	})
	t.Run("details", func(t *testing.T) {
		image := append([]byte(nil), clean...)
		m := openImage(t, image)
		leaf, keys := firstLeaf(image, m.sb.DetailsRoot)
		leaf.block[3000]++
		devices, errs := collectDevices(m.Trees())
		require.Len(t, devices, len(all))
		require.Len(t, errs, 1+leaf.entries)
		for i, d := range devices {
			require.Equal(t, all[i].Root, d.Root)
			if keys.Contains(d.ID) {
				require.Zero(t, d.Detail)
				found, err := m.Trees().Device(d.ID)
				require.ErrorIs(t, err, ErrCorrupt)
				require.Equal(t, d, found)
			}
		}
	})
	t.Run("one tree only", func(t *testing.T) {
		image := append([]byte(nil), clean...)
		m := openImage(t, image)
		leaf, _ := firstLeaf(image, m.sb.MappingRoot)
		leaf.block[nodeHeaderSize]++ // the first key, 3 apart from the next
		seal(leaf.block, nodeSalt)
		devices, errs := collectDevices(m.Trees())
		require.Len(t, devices, len(all)+1)
		require.Len(t, errs, 2)
		require.ErrorContains(t, errs[0], "device mapping node): device")
		require.ErrorContains(t, errs[1], "device details node): device")
	})
}
