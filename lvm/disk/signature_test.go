package disk_test

import (
	"compress/gzip"
	"encoding/binary"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/units"
)

// sectors is a device of which most is zeros.
type sectors struct {
	size units.Bytes
	data map[int64][]byte
}

func (s *sectors) ReadAt(b []byte, at int64) (int, error) {
	clear(b)
	n := min(int64(len(b)), max(int64(s.size)-at, 0))
	for i := at / 512; i*512 < at+n; i++ {
		if data, ok := s.data[i]; ok {
			from := max(i*512, at)
			copy(b[from-at:n], data[from-i*512:])
		}
	}
	if n < int64(len(b)) {
		return int(n), io.EOF
	}
	return int(n), nil
}

// signed is the image of testdata/signatures.sh of that name.
func signed(t testing.TB, name string) *sectors {
	t.Helper()
	f, err := os.Open("testdata/signatures/" + name + ".sectors.gz")
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	b, err := io.ReadAll(z)
	require.NoError(t, err)
	s := &sectors{units.Bytes(binary.LittleEndian.Uint64(b)), map[int64][]byte{}}
	for b = b[8:]; len(b) > 0; b = b[8+512:] {
		s.data[int64(binary.LittleEndian.Uint64(b))] = b[8 : 8+512]
	}
	return s
}

// What blkid names is named the same, and is gone when the sectors of all marks
// are overwritten.
func TestSignaturesAreBlkids(t *testing.T) {
	golden, err := os.ReadFile("testdata/signatures.txt")
	require.NoError(t, err)
	seen := map[string]bool{}
	for line := range strings.Lines(string(golden)) {
		name, want, _ := strings.Cut(strings.TrimSpace(line), " ")
		t.Run(name, func(t *testing.T) {
			image := signed(t, name)
			found, err := disk.Signatures(image, image.size)
			require.NoError(t, err)
			types := map[string]bool{}
			for _, s := range found {
				types[s.Type] = true
				seen[s.Type] = true
				sectors := s.Sectors()
				require.LessOrEqual(t, sectors.Start, s.Offset)
				require.GreaterOrEqual(t, sectors.Start+sectors.Size, s.Offset+s.Length)
				for at := sectors.Start; at < sectors.Start+sectors.Size; at += 512 {
					delete(image.data, int64(at/512))
				}
			}
			if want == "gpt" {
				require.True(t, types["PMBR"])
				delete(types, "PMBR")
			}
			require.Equal(t, map[string]bool{want: true}, types, "%v", found)
			found, err = disk.Signatures(image, image.size)
			require.NoError(t, err)
			require.Empty(t, found)
		})
	}
	require.Len(t, seen, 35)
}

// What no tool was at hand for, as its documentation has it.
func TestSignaturesWithoutATool(t *testing.T) {
	const size = 64 * units.MiB
	put := func(at units.Bytes, text string) *sectors {
		s := &sectors{size, map[int64][]byte{}}
		for i := range text {
			n := int64(at) + int64(i)
			if s.data[n/512] == nil {
				s.data[n/512] = make([]byte, 512)
			}
			s.data[n/512][n%512] = text[i]
		}
		return s
	}
	tests := []struct {
		typ   string
		image *sectors
	}{
		{"zfs_member", put(128<<10, "\x0c\xb1\xba\x00\x00\x00\x00\x00")},
		{"zfs_member", put(size-1024, "\x00\x00\x00\x00\x00\xba\xb1\x0c")},
		{"gpt", put(size-512, "EFI PART")},
		{"mac", put(512, "PM\x00\x00")},
		{"bsd", put(512, "\x57\x45\x56\x82")},
		{"reiser4", put(64<<10, "ReIsEr4")},
		{"hfsplus", put(1024, "H+\x00\x04")},
		{"apfs", put(32, "NXSB")},
		{"romfs", put(0, "-rom1fs-")},
		{"BitLocker", put(3, "-FVE-FS-")},
		{"isw_raid_member", put(size-1024, "Intel Raid ISM Cfg Sig. ")},
		{"ddf_raid_member", put(size-512, "\xde\x11\xde\x11")},
		{"nvidia_raid_member", put(size-1024, "NVIDIA")},
		{"LVM1_member", put(0, "HM\x01\x00")},
		{"stratis", put(512+4, "!Stra0tis\x86\xff\x02^\x41rh")},
		{"DM_snapshot_cow", put(0, "SnAp")},
		{"vdo", put(0, "dmvdo001")},
		{"ceph_bluestore", put(0, "bluestore block device")},
		{"swsuspend", put(4086, "S1SUSPEND")},
		// blkid 2.38.1 calls images with these marks and nothing else the same.
		{"hfs", put(1024, "BD\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x10\x00")},
		{"ufs", put(8192+1372, "\x54\x19\x01\x00")},
		{"squashfs3", put(0, "sqsh")},
		{"ubifs", put(0, "\x31\x18\x10\x06")},
		{"zonefs", put(0, "SFOZ")},
		{"ReFS", put(3, "ReFS\x00")},
		{"vxfs", put(1024, "\xf5\xfc\x01\xa5")},
		{"nss", put(4096, "SPB5")},
		{"VMFS", put(2<<20, "\x5e\xf1\xab\x2f")},
		{"ubi", put(0, "UBI#")},
		{"VMFS_volume_member", put(1<<20, "\x0d\xd0\x01\xc0")},
		{"oracleasm", put(32, "ORCLDISK")},
		{"xfs_external_log", put(0, "\xfe\xed\xba\xbe\x00\x00\x00\x01\x00\x00\x00\x02")},
		{"lsi_mega_raid_member", put(size-512, "$XIDE$")},
		{"jmicron_raid_member", put(size-512, "JM")},
		{"hpt37x_raid_member", put(9*512+32, "\xf0\x16\x78\x5a")},
		{"promise_fasttrack_raid_member", put(size-63*512, "Promise Technology, Inc.")},
	}
	for _, test := range tests {
		t.Run(test.typ, func(t *testing.T) {
			found, err := disk.Signatures(test.image, size)
			require.NoError(t, err)
			require.Len(t, found, 1)
			require.Equal(t, test.typ, found[0].Type)
		})
	}
}

// Two bytes of a magic number that are there by chance are no file system, and
// neither is a boot sector without a table.
func TestSignaturesByChance(t *testing.T) {
	for at, magic := range map[int64]string{
		1024: "BD", 510: "\x55\xaa", 508: "\xda\xbe", 1024 + 6: "\x34\x34", 1024 + 16: "\x7f\x13", 1024 + 24: "\x5a\x4d", 512: "LABELONE",
	} {
		s := &sectors{units.MiB, map[int64][]byte{at / 512: make([]byte, 512)}}
		copy(s.data[at/512][at%512:], magic)
		found, err := disk.Signatures(s, s.size)
		require.NoError(t, err)
		require.Empty(t, found)
	}
	found, err := disk.Signatures(&sectors{size: 512}, 512)
	require.NoError(t, err)
	require.Empty(t, found)
	found, err = disk.Signatures(&sectors{}, 0)
	require.NoError(t, err)
	require.Empty(t, found)
}

func TestSignaturesUnreadable(t *testing.T) {
	for _, from := range []int64{0, 1 << 20, 50 << 20} {
		image := failing{&sectors{size: 64 * units.MiB}, from}
		_, err := disk.Signatures(image, 64*units.MiB)
		require.ErrorIs(t, err, errMedium)
	}
	// Between both ends, too.
	_, err := disk.Signatures(hole{&sectors{size: 200 * units.MiB}}, 200*units.MiB)
	require.ErrorIs(t, err, errMedium)
}

// hole is a device that cannot be read between its first and its last MiB.
type hole struct{ *sectors }

func (h hole) ReadAt(b []byte, at int64) (int, error) {
	if at >= 1<<20 && at < int64(h.size)-1<<20 {
		return 0, errMedium
	}
	return h.sectors.ReadAt(b, at)
}

func TestSignaturePrints(t *testing.T) {
	image := signed(t, "ext4")
	found, err := disk.Signatures(image, image.size)
	require.NoError(t, err)
	require.Equal(t, "ext4 file system at byte 1080", found[0].String())
	require.Equal(t, disk.Run{Start: 1024, Size: 512}, found[0].Sectors())
}
