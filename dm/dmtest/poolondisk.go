package dmtest

import "github.com/rok-storage/rok/units"

// PoolOnDisk is what a pool's metadata on a disk says: see [Config.ReadPool].
type PoolOnDisk struct {
	BlockSize     units.Sectors
	TransactionID uint64
	NeedsCheck    bool
	Thins         []uint64 // ids of the volumes
	UsedMetadata  uint64   // blocks of 4 KiB
	UsedData      uint64   // blocks of BlockSize
}

// read takes what is on the disk below a pool's metadata, if the test has a disk
// with something on it. What the fake writes stays in memory.
func (m *machine) read(place area) {
	if m.cfg.ReadPool == nil {
		return
	}
	on, ok := m.cfg.ReadPool(place.dev, place.start)
	if !ok {
		return
	}
	md := &poolMD{blockSize: on.BlockSize, transaction: on.TransactionID, needsCheck: on.NeedsCheck,
		thins: map[uint64]*thinMD{}, usedMeta: on.UsedMetadata, usedData: on.UsedData}
	for _, id := range on.Thins {
		md.thins[id] = &thinMD{}
	}
	m.saved[place] = md
}
