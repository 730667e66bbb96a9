package lvm_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/thin/metadata"
)

// memoryDevice is a pool's metadata device.
type memoryDevice struct {
	image          []byte
	writable       bool
	writes, synced int
}

func (m *memoryDevice) ReadAt(p []byte, off int64) (int, error) {
	return bytes.NewReader(m.image).ReadAt(p, off)
}

func (m *memoryDevice) WriteAt(p []byte, off int64) (int, error) {
	if !m.writable {
		return 0, errors.New("opened for reading")
	}
	m.writes++
	return copy(m.image[off:], p), nil
}

func (m *memoryDevice) Sync() error  { m.synced++; return nil }
func (m *memoryDevice) Close() error { return nil }

// A pool that the kernel has set aside is checked as a whole, and can be written
// to again if it is sound; if it is not, nothing is made, and nothing written. Of
// other pools only the superblock is read.
func TestActivateNeedsCheck(t *testing.T) {
	packed, err := os.Open("../thin/metadata/testdata/kernel-needs-check.bin.gz")
	require.NoError(t, err)
	defer packed.Close()
	unpacked, err := gzip.NewReader(packed)
	require.NoError(t, err)
	fixture, err := io.ReadAll(unpacked)
	require.NoError(t, err)
	sb, err := metadata.ReadSuperblock(bytes.NewReader(fixture))
	require.NoError(t, err)
	require.True(t, sb.NeedsCheck())
	usual := sb
	usual.Flags = 0

	tests := []struct {
		name   string
		damage func(image []byte)
		writes int
		fails  bool
	}{
		{"sound", func([]byte) {}, 1, false},
		{"damaged", func(image []byte) { clear(image[metadata.BlockSize:]) }, 0, true},
		{"damaged, and nobody knows", func(image []byte) {
			clear(image[copy(image, metadata.AppendSuperblock(nil, usual)):])
		}, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newFakeHost(t)
			device := &memoryDevice{image: bytes.Clone(fixture)}
			tt.damage(device.image)
			a := lvm.NewActivator(h.conn, &lvm.ActivatorConfig{NoLinks: true, Open: func(name string, _ dm.Dev, write bool) (lvm.DeviceFile, error) {
				require.Equal(t, "vg--a-pool_tmeta", name)
				device.writable = write
				return device, nil
			}})
			pool := *activationVG().LV("pool").Segments[0].Type.(*lvm.ThinPool)
			pool.TransactionID, pool.Messages, pool.ChunkSize = sb.TransactionID, nil, sb.DataBlockSize
			vg := edit(activationVG(), "pool", func(lv *lvm.LV) *lvm.LV { lv.Segments[0].Type = &pool; return lv })
			_, err := a.Activate(t.Context(), h.request(vg, "pool"))
			require.Equal(t, tt.writes, device.writes)
			require.Equal(t, tt.writes, device.synced)
			if tt.fails {
				require.ErrorAs(t, err, new(*lvm.MetadataError))
				require.ErrorIs(t, err, metadata.ErrCorrupt)
				require.Empty(t, h.kernel.Devices())
				return
			}
			require.Zero(t, binary.LittleEndian.Uint32(device.image[4:]), "the flags")
			// The fake kernel's pool begins with transaction 0.
			require.True(t, err == nil || errors.As(err, new(*lvm.TransactionError)), "%v", err)
		})
	}
}
