// Package metadata reads, checks and writes the metadata of a dm-thin pool: the btrees
// that say which block of a thin volume is which block of the pool's data
// device.
//
// The metadata device is an array of 4 KiB blocks:
//
//	block 0: superblock
//	  ├─ mapping tree      device id -> tree per device: virtual block -> (data block, time)
//	  ├─ details tree      device id -> DeviceDetail
//	  ├─ data space map    reference count of every data block
//	  ├─ metadata space map  reference count of every metadata block
//	  └─ held root         block of a second superblock (a metadata snapshot), or 0
//
// Nodes are never changed in place: a transaction writes new copies and then the
// superblock, which is its commit. Snapshots share nodes at any level, so one
// node may have many parents; its reference count is the number of pointers to
// it, each pointing node taken once. Likewise for a data block and the leaves
// that map it.
//
// [Open] reads the superblock. Then there are two ways to read what is below.
// [Metadata.Check] walks everything, each node once, and compares what it counted
// with the space maps; [ClearNeedsCheck] brings back a pool that the kernel has set
// aside. The others read the trees alone: [Metadata.Trees] and, for the held root,
// [Metadata.HeldTrees] lead to the devices, [Metadata.Mappings] to what one maps,
// [Trees.WriteXML] and [Trees.WriteJSON] dump them, [Trees.Usage] tells what each has
// for itself, and [Trees.Delta] what differs between two. They stream: a dump or a delta
// of any size takes the memory of a few blocks. Each block is checked as it is read,
// and what is behind a damaged one can still be had.
//
// [Writer] writes the metadata of a pool anew; [Restore] does so from XML, and
// [Repair] from what can be read of damaged metadata, in another place.
// [Trees.Extract] reads a volume's data from the pool's data device.
//
// The package is pure: it reads through [io.ReaderAt], and writes only in
// ClearNeedsCheck and through Writer, by [io.WriterAt]. It takes no lock. The
// metadata of an active pool changes under the reader, so deactivate the pool first,
// or read what its held root leads to, which stays.
//
// Layouts are those of Linux 6.1, drivers/md/dm-thin-metadata.c and
// drivers/md/persistent-data; each file names the struct it holds. All integers
// on the disk are little-endian.
package metadata
