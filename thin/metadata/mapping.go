package metadata

// Mapping is a run of mappings of one thin device: Length virtual blocks from
// Virtual lie in as many data blocks from Data, and all were mapped at Time.
// Blocks count in units of the pool's data block size. A Mapping of length 0
// maps nothing.
type Mapping struct {
	Virtual, Data uint64
	Length        uint64
	Time          uint32 // low 24 bits of the pool's time at the mapping
}

// Join appends next to m, if next goes on where m ends, at the same time, and
// reports whether it did.
func (m *Mapping) Join(next Mapping) bool {
	if next.Virtual != m.Virtual+m.Length || next.Data != m.Data+m.Length || next.Time != m.Time {
		return false
	}
	m.Length += next.Length
	return true
}
