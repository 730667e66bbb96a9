package metadata

// BlockTime is the value of a mapping: where a virtual block lies, and since
// which snapshot. On the disk it is block<<24 | time (pack_block_time,
// dm-thin-metadata.c).
type BlockTime struct {
	Block uint64 // data block, at most 2^40-1
	Time  uint32 // low 24 bits of the pool's time at the mapping
}

const timeBits = 24

// UnpackBlockTime reads the value of a mapping.
func UnpackBlockTime(v uint64) BlockTime {
	return BlockTime{Block: v >> timeBits, Time: uint32(v & (1<<timeBits - 1))}
}

// Pack is the inverse of [UnpackBlockTime]; bits that do not fit are cut off.
func (b BlockTime) Pack() uint64 {
	return b.Block<<timeBits | uint64(b.Time)&(1<<timeBits-1)
}
