package disk

import (
	"encoding/binary"

	"github.com/rok-storage/rok/units"
)

// mark is where something leaves a mark, and which. Types, offsets and magic
// numbers are those of util-linux, libblkid/src/superblocks and
// libblkid/src/partitions.
type mark struct {
	typ   string
	kind  string
	at    func(size units.Bytes) []units.Bytes
	magic string
	// check looks closer where the magic fits, and returns the type, or "".
	check func(p *prober, at units.Bytes) string
}

// The kinds, as words behind the type.
const (
	fileSystem     = "file system"
	partitionTable = "partition table"
	swapSpace      = "space" // "swap space"
	image          = "image"
	diskOf         = "disk"
	volume         = "volume"
)

// marks is a function so that no program pays for it that does not ask.
func marks() []mark {
	return []mark{
		{"gpt", partitionTable, gptHeaders, "EFI PART", nil},
		{"dos", partitionTable, at(510), "\x55\xaa", checkMBR},
		{"mac", partitionTable, at(512), "PM\x00\x00", nil},
		{"sun", partitionTable, at(508), "\xda\xbe", checkSun},
		{"sgi", partitionTable, at(0), "\x0b\xe5\xa9\x41", nil},
		{"bsd", partitionTable, at(64, 512), "\x57\x45\x56\x82", nil},

		{"ext2", fileSystem, at(1024 + 56), "\x53\xef", checkExt},
		{"xfs", fileSystem, at(0), "XFSB", nil},
		{"btrfs", fileSystem, at(64<<10+64, 64<<20+64, 256<<30+64), "_BHRfS_M", nil},
		{"f2fs", fileSystem, at(1024, 4096+1024), "\x10\x20\xf5\xf2", nil},
		{"erofs", fileSystem, at(1024), "\xe2\xe1\xf5\xe0", nil},
		{"squashfs", fileSystem, at(0), "hsqs", nil},
		{"jfs", fileSystem, at(32 << 10), "JFS1", nil},
		{"reiserfs", fileSystem, at(8<<10+52, 64<<10+52), "ReIsErFs", nil},
		{"reiserfs", fileSystem, at(8<<10+52, 64<<10+52), "ReIsEr2Fs", nil},
		{"reiserfs", fileSystem, at(8<<10+52, 64<<10+52), "ReIsEr3Fs", nil},
		{"reiser4", fileSystem, at(64 << 10), "ReIsEr4", nil},
		{"nilfs2", fileSystem, nilfsCopies, "\x34\x34", checkNilfs},
		{"gfs2", fileSystem, at(64 << 10), "\x01\x16\x19\x70", nil},
		{"ocfs2", fileSystem, at(1024, 2048, 4096, 8192), "OCFSV2", nil},
		{"vfat", fileSystem, at(54), "FAT12   ", nil},
		{"vfat", fileSystem, at(54), "FAT16   ", nil},
		{"vfat", fileSystem, at(82), "FAT32   ", nil},
		{"ntfs", fileSystem, at(3), "NTFS    ", nil},
		{"exfat", fileSystem, at(3), "EXFAT   ", nil},
		{"iso9660", fileSystem, at(32<<10 + 1), "CD001", nil},
		{"udf", fileSystem, udfDescriptors, "NSR0", nil},
		{"hfsplus", fileSystem, at(1024), "H+\x00\x04", nil},
		{"hfsplus", fileSystem, at(1024), "HX\x00\x05", nil},
		{"apfs", fileSystem, at(32), "NXSB", nil},
		{"minix", fileSystem, at(1024 + 16), "\x7f\x13", checkMinix},
		{"minix", fileSystem, at(1024 + 16), "\x8f\x13", checkMinix},
		{"minix", fileSystem, at(1024 + 16), "\x68\x24", checkMinix},
		{"minix", fileSystem, at(1024 + 16), "\x78\x24", checkMinix},
		{"minix", fileSystem, at(1024 + 24), "\x5a\x4d", checkMinix3},
		{"cramfs", fileSystem, at(0), "\x45\x3d\xcd\x28", nil},
		{"romfs", fileSystem, at(0), "-rom1fs-", nil},
		{"bfs", fileSystem, at(0), "\xce\xfa\xad\x1b", nil},
		{"hfs", fileSystem, at(1024), "BD", checkHFS},
		{"ufs", fileSystem, ufsCopies, "\x54\x19\x01\x00", nil},
		{"ufs", fileSystem, ufsCopies, "\x00\x01\x19\x54", nil},
		{"ufs", fileSystem, ufsCopies, "\x19\x01\x54\x19", nil},
		{"ufs", fileSystem, ufsCopies, "\x19\x54\x01\x19", nil},
		{"squashfs3", fileSystem, at(0), "sqsh", nil},
		{"ubifs", fileSystem, at(0), "\x31\x18\x10\x06", nil},
		{"zonefs", fileSystem, at(0), "SFOZ", nil},
		{"ReFS", fileSystem, at(0), "\x00\x00\x00ReFS\x00", nil},
		{"vxfs", fileSystem, at(1024), "\xf5\xfc\x01\xa5", nil},
		{"nss", fileSystem, at(4096), "SPB5", nil},
		{"VMFS", fileSystem, at(2 << 20), "\x5e\xf1\xab\x2f", nil},
		{"xfs_external_log", volume, at(0), "\xfe\xed\xba\xbe", nil},
		{"ubi", volume, at(0), "UBI#", nil},
		{"VMFS_volume_member", volume, at(1 << 20), "\x0d\xd0\x01\xc0", nil},
		{"oracleasm", volume, at(32), "ORCLDISK", nil},
		{"ceph_bluestore", volume, at(0), "bluestore block device", nil},

		{"swap", swapSpace, swapPages, "SWAPSPACE2", nil},
		{"swap", swapSpace, swapPages, "SWAP-SPACE", nil},
		{"swsuspend", image, swapPages, "S1SUSPEND", nil},
		{"swsuspend", image, swapPages, "S2SUSPEND", nil},
		{"swsuspend", image, swapPages, "ULSUSPEND", nil},

		{"crypto_LUKS", volume, at(0), "LUKS\xba\xbe", nil},
		{"crypto_LUKS", volume, luks2Copies, "SKUL\xba\xbe", nil},
		{"BitLocker", volume, at(3), "-FVE-FS-", nil},

		{"linux_raid_member", diskOf, mdVersion1, "\xfc\x4e\x2b\xa9\x01\x00\x00\x00", nil},
		{"linux_raid_member", diskOf, mdVersion0, "\xfc\x4e\x2b\xa9\x00\x00\x00\x00", nil},
		{"linux_raid_member", diskOf, mdVersion0, "\xa9\x2b\x4e\xfc\x00\x00\x00\x00", nil},
		{"isw_raid_member", diskOf, fromEnd(1024), "Intel Raid ISM Cfg Sig. ", nil},
		{"ddf_raid_member", diskOf, fromEnd(512, 257*512), "\xde\x11\xde\x11", nil},
		{"ddf_raid_member", diskOf, fromEnd(512, 257*512), "\x11\xde\x11\xde", nil},
		{"nvidia_raid_member", diskOf, fromEnd(1024), "NVIDIA", nil},
		{"lsi_mega_raid_member", diskOf, fromEnd(512), "$XIDE$", nil},
		{"jmicron_raid_member", diskOf, fromEnd(512), "JM", nil},
		{"hpt37x_raid_member", diskOf, at(9*512 + 32), "\xf0\x16\x78\x5a", nil},
		{"promise_fasttrack_raid_member", diskOf, promiseSectors, "Promise Technology, Inc.", nil},
		{"drbd", diskOf, fromEnd(4096 - 60), "\x83\x74\x02\x6b", nil},
		{"drbd", diskOf, fromEnd(4096 - 60), "\x83\x74\x02\x6c", nil},
		{"drbd", diskOf, fromEnd(4096 - 60), "\x83\x74\x02\x6d", nil},

		{"LVM2_member", volume, at(0, 512, 1024, 1536), labelID, checkLVM2},
		{"LVM1_member", volume, at(0), "HM\x01\x00", nil},
		{"LVM1_member", volume, at(0), "HM\x02\x00", nil},
		{"zfs_member", volume, zfsUberblocks, "\x0c\xb1\xba\x00\x00\x00\x00\x00", nil},
		{"zfs_member", volume, zfsUberblocks, "\x00\x00\x00\x00\x00\xba\xb1\x0c", nil},
		{"stratis", volume, at(512+4, 9*512+4), "!Stra0tis\x86\xff\x02^\x41rh", nil},
		{"bcache", diskOf, at(4096 + 24), "\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81", nil},
		{"DM_snapshot_cow", volume, at(0), "SnAp", nil},
		{"DM_integrity", volume, at(0), "integrt\x00", nil},
		{"DM_verity_hash", volume, at(0), "verity\x00\x00", nil},
		{"vdo", volume, at(0), "dmvdo001", nil},
	}
}

// at is fixed offsets.
func at(offsets ...units.Bytes) func(units.Bytes) []units.Bytes {
	return func(units.Bytes) []units.Bytes { return offsets }
}

// fromEnd is fixed offsets from the end of the device.
func fromEnd(offsets ...units.Bytes) func(units.Bytes) []units.Bytes {
	return func(size units.Bytes) (list []units.Bytes) {
		for _, o := range offsets {
			if o <= size {
				list = append(list, size-o)
			}
		}
		return list
	}
}

// gptHeaders: in the second logical block, and in the last one.
func gptHeaders(size units.Bytes) []units.Bytes {
	return append([]units.Bytes{512, 4096}, fromEnd(512, 4096)(size)...)
}

// swapPages: ten bytes before the end of the first page, of whatever size.
func swapPages(units.Bytes) []units.Bytes {
	return []units.Bytes{4<<10 - 10, 8<<10 - 10, 16<<10 - 10, 32<<10 - 10, 64<<10 - 10}
}

// luks2Copies: behind the first header, which is 16 KiB to 4 MiB long.
func luks2Copies(units.Bytes) (list []units.Bytes) {
	for at := 16 * units.KiB; at <= 4*units.MiB; at *= 2 {
		list = append(list, at)
	}
	return list
}

// mdVersion1: at the start (1.1), in the second page (1.2), or 8 to 12 KiB
// before the end (1.0).
func mdVersion1(size units.Bytes) []units.Bytes {
	list := []units.Bytes{0, 4096}
	if size >= 12*units.KiB {
		list = append(list, (size-8*units.KiB)&^4095)
	}
	return list
}

// mdVersion0: 64 to 128 KiB before the end.
func mdVersion0(size units.Bytes) []units.Bytes {
	if size < 128*units.KiB {
		return nil
	}
	return []units.Bytes{size&^(64*units.KiB-1) - 64*units.KiB}
}

// zfsUberblocks: in the second half of each of four labels of 256 KiB, two at
// the start and two at the end, every KiB.
func zfsUberblocks(size units.Bytes) (list []units.Bytes) {
	const label = 256 * units.KiB
	if size < 4*label {
		return nil
	}
	end := size &^ (label - 1)
	for _, start := range []units.Bytes{0, label, end - 2*label, end - label} {
		for at := start + label/2; at < start+label; at += units.KiB {
			list = append(list, at)
		}
	}
	return list
}

// nilfsCopies: behind the first KiB, and in the last whole page.
func nilfsCopies(size units.Bytes) []units.Bytes {
	if size < 8192 {
		return nil
	}
	return []units.Bytes{1024 + 6, size&^4095 - 4096 + 6}
}

// udfDescriptors: among the first of the volume recognition sequence.
func udfDescriptors(units.Bytes) (list []units.Bytes) {
	for n := units.Bytes(0); n < 16; n++ {
		list = append(list, 32*units.KiB+2048*n+1)
	}
	return list
}

// ufsCopies: in the superblock, of which there are some places.
func ufsCopies(units.Bytes) []units.Bytes {
	const magic = 1372
	return []units.Bytes{magic, 8<<10 + magic, 64<<10 + magic, 256<<10 + magic}
}

// promiseSectors are counted from the end.
func promiseSectors(size units.Bytes) (list []units.Bytes) {
	for _, n := range []units.Bytes{63, 255, 256, 16, 399, 591, 675, 735, 911, 974, 991, 951, 3087} {
		list = append(list, fromEnd(n*512)(size)...)
	}
	return list
}

// checkMBR tells a partition table from the boot sector of a file system, which
// ends in the same way.
func checkMBR(p *prober, _ units.Bytes) string {
	const table, entry = 446, 16
	if p.has(54, "FAT") || p.has(82, "FAT32") || p.has(3, "NTFS") || p.has(3, "EXFAT") {
		return ""
	}
	typ, used := "dos", p.le32(440) != 0 // the disk's identity
	for i := range units.Bytes(4) {
		e := p.bytes(table+entry*i, entry)
		if e[0] != 0 && e[0] != 0x80 {
			return ""
		}
		used = used || e[4] != 0
		if e[4] == 0xee {
			typ = "PMBR" // what protects a GPT from those that do not know it
		}
	}
	if !used {
		return ""
	}
	return typ
}

// checkHFS: blocks are of whole sectors, and not of none.
func checkHFS(p *prober, at units.Bytes) string {
	const blockSize = 20 // drAlBlkSiz
	if b := p.bytes(at+blockSize, 4); b == nil || binary.BigEndian.Uint32(b) == 0 || binary.BigEndian.Uint32(b)%512 != 0 {
		return ""
	}
	return "hfs"
}

// checkSun: the words of the label add up to nothing by exclusive or.
func checkSun(p *prober, _ units.Bytes) string {
	var sum uint16
	for at := units.Bytes(0); at < 512; at += 2 {
		sum ^= p.le16(at)
	}
	if sum != 0 {
		return ""
	}
	return "sun"
}

// checkExt tells the versions of ext apart by what an older one does not have.
func checkExt(p *prober, at units.Bytes) string {
	const (
		hasJournal   = 0x4
		journalOnly  = 0x8
		incompatExt3 = 0x2 | 0x4 | 0x10     // filetype, recover, meta_bg
		readOnlyExt3 = 0x1 | 0x2 | 0x4      // sparse_super, large_file, btree_dir
		features     = units.Bytes(92 - 56) // from the magic
	)
	compat, incompat, readOnly := p.le32(at+features), p.le32(at+features+4), p.le32(at+features+8)
	switch {
	case incompat&journalOnly != 0:
		return "jbd"
	case incompat&^incompatExt3 != 0 || readOnly&^readOnlyExt3 != 0:
		return "ext4"
	case compat&hasJournal != 0:
		return "ext3"
	}
	return "ext2"
}

// checkNilfs: the revision is 2, and the superblock is of a length that there is.
func checkNilfs(p *prober, at units.Bytes) string {
	if n := p.le16(at + 2); p.le32(at-6) != 2 || n < 64 || n > 1024 {
		return ""
	}
	return "nilfs2"
}

// checkMinix: two bytes are not much, so the rest must be possible.
func checkMinix(p *prober, at units.Bytes) string {
	inodes, inodeMap, zoneMap, first, zoneSize := p.le16(at-16), p.le16(at-12), p.le16(at-10), p.le16(at-8), p.le16(at-6)
	if inodes == 0 || inodeMap == 0 || zoneMap == 0 || first <= inodeMap+zoneMap || zoneSize != 0 {
		return ""
	}
	return "minix"
}

func checkMinix3(p *prober, at units.Bytes) string {
	if p.le32(at-24) == 0 || p.le16(at-18) == 0 || p.le16(at-16) == 0 || p.le16(at+4) < 1024 {
		return ""
	}
	return "minix"
}

// checkLVM2: the label has a type.
func checkLVM2(p *prober, at units.Bytes) string {
	if !p.has(at+labelTypeAt, labelType) {
		return ""
	}
	return "LVM2_member"
}
