package lvm

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/units"
)

// Where pvcreate of lvm2 2.03.16 lets the data begin on disks of scsi_debug (Linux
// 6.1) with all kinds of hints, in sectors, and the size of the metadata area.
func TestDefaultLayoutIsPvcreates(t *testing.T) {
	tests := []struct {
		minimum, optimal units.Bytes
		offset           int
		start, metadata  units.Sectors
	}{
		{512, 0, 0, 2048, 2040},
		{512, 65536, 0, 2048, 2040},
		{512, 524288, 0, 2048, 2040},
		{512, 1048576, 0, 2048, 2040},
		{512, 1572864, 0, 3072, 3064},
		{512, 2097152, 0, 4096, 4088},
		{512, 51200, 0, 2100, 2092},
		{512, 33553920, 0, 65535, 65527},
		{512, 33550336, 0, 65528, 65520},
		{4096, 524288, 512, 2049, 2041},
		{4096, 524288, 3584, 2055, 2047},
		{4096, 1572864, 3584, 3079, 3071},
		{4096, 4194304, 0, 8192, 8184},
		{2097152, 4194304, 0, 8192, 8184},
		{4194304, 8388608, 0, 16384, 16376},
		{524288, 0, 0, 2048, 2040},
		{524288, 0, -1, 2048, 2040},   // not of pvcreate
		{512, 0, 4 << 20, 2048, 2040}, // not of pvcreate
		{513, 100, 0, 2048, 2040},     // not of pvcreate
	}
	for _, test := range tests {
		for _, partition := range []bool{false, true} {
			t.Run(fmt.Sprint(test, partition), func(t *testing.T) {
				sys := t.TempDir()
				device := filepath.Join(sys, "dev/block/8:1")
				queue := filepath.Join(device, "queue")
				if partition {
					queue = filepath.Join(sys, "dev/block/queue")
				}
				require.NoError(t, os.MkdirAll(device, 0o755))
				require.NoError(t, os.MkdirAll(queue, 0o755))
				put := func(path string, value any) {
					require.NoError(t, os.WriteFile(path, fmt.Appendln(nil, value), 0o644))
				}
				put(filepath.Join(queue, "minimum_io_size"), uint64(test.minimum))
				put(filepath.Join(queue, "optimal_io_size"), uint64(test.optimal))
				put(filepath.Join(device, "alignment_offset"), test.offset)
				if partition {
					put(filepath.Join(device, "partition"), 1)
				}
				d := &Device{Path: "/dev/sda1", Size: 64 * units.MiB, Number: unix.Mkdev(8, 1)}
				h, err := DefaultLayout(d, sys).Header([32]byte{})
				require.NoError(t, err)
				require.Equal(t, test.start, h.Data.Start.SectorsRoundDown())
				require.Equal(t, test.metadata, h.Metadata[0].Size.SectorsRoundDown())
			})
		}
	}
	require.Zero(t, DefaultLayout(&Device{Size: 1 << 30}, "").Alignment)
	l := DefaultLayout(&Device{Size: 1 << 30, Number: unix.Mkdev(4095, 1)}, "") // no such device
	require.Equal(t, units.MiB, l.Alignment)
}
