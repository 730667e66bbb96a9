package pool

import (
	"fmt"
	"slices"

	"github.com/rok-storage/rok/conf"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/thin"
	"github.com/rok-storage/rok/units"
)

// Plan is what is to be done with a pool, and what it is. The zero value is
// nothing.
type Plan struct {
	Metadata, Data lvm.Extents // to add
	// FailWrites changes what a full pool does, and Refuse whether new volumes are
	// made in it. Nil: as it is.
	FailWrites, Refuse *bool
	// Drop is a snapshot to remove, where nothing else helps; empty: none.
	Drop *Volume
	// Is says what the pool is, in the order of the constants.
	Is []Condition
}

// Condition is something that a pool is, in words.
type Condition struct {
	Name    Name
	Message string
}

// IsZero reports whether nothing is to be done.
func (p *Plan) IsZero() bool {
	return p.Metadata == 0 && p.Data == 0 && p.FailWrites == nil && p.Refuse == nil && p.Drop == nil
}

// Has reports whether the pool is something.
func (p *Plan) Has(name Name) bool {
	return slices.ContainsFunc(p.Is, func(c Condition) bool { return c.Name == name })
}

const (
	// MetadataBlock is THIN_METADATA_BLOCK_SIZE of drivers/md/dm-thin-metadata.h,
	// and metadataMost the number of them that the kernel uses:
	// DM_SM_METADATA_MAX_BLOCKS of drivers/md/persistent-data/dm-space-map-metadata.h.
	MetadataBlock units.Sectors = 8
	metadataMost  units.Sectors = 255 * 16320 * MetadataBlock
	// mappingsInBlock is how many chunks a block of metadata maps at least: a leaf
	// of the mapping tree has room for 252 entries (4 KiB, 16 bytes each, 32 of
	// header: drivers/md/persistent-data/dm-btree-internal.h), and is half full.
	mappingsInBlock = 126
	// metadataSlack is for what a commit writes anew before it frees the old.
	metadataSlack = 16
	// watchedHigh is the mark of a pool without a policy, for events.
	watchedHigh = 80
)

// NewPlan decides what is to be done. Without a policy nothing is.
//
//   - Metadata gets extents first: to be below its mark, and to be able to map
//     all of the data.
//   - Data gets as many steps as bring it below its mark, up to its limit, and
//     what the VG has.
//   - New volumes are refused where less than the reserve is left, what could be
//     added being counted in, or metadata could fill. They are allowed again when
//     a quarter more than the reserve is there.
//   - Where nothing can be added to the data, and its mark is reached, a full pool
//     is made to fail writes or to queue them; when less than the reserve is free,
//     or nothing, the oldest snapshot that may go is dropped.
//   - A pool that must be repaired is left alone, but for the refusal.
func NewPlan(s *State, policy *Policy) Plan {
	var p Plan
	state := stateEvent(s)
	if state != "" {
		p.say(state, "%s", stateWords(s))
	}
	if !s.Active {
		return p
	}
	if broken(state) {
		if policy != nil && !s.Refusing {
			p.Refuse = new(true)
		}
		return p
	}
	if policy == nil || s.ExtentSize == 0 || s.ChunkSize == 0 { // or nothing that can be counted
		p.watchOnly(s)
		return p
	}
	data := growing{
		by: policy.Data, has: s.Data, extent: s.ExtentSize, block: s.ChunkSize, used: s.Status.Data, unit: lvm.Extents(max(s.Stripes, 1)),
	}
	wish := data.grow(data.limit()) // as if the VG had it
	meta := growing{
		by: policy.Metadata, has: s.Metadata, extent: s.ExtentSize, block: MetadataBlock, used: s.Status.Metadata,
		most: lvm.Extents(metadataMost / max(s.ExtentSize, 1)), atLeast: s.mappingAll(min(wish.add, s.DataRoom)),
	}
	metadata := meta.grow(s.MetadataRoom)
	left := s.DataRoom - min(s.DataRoom, s.metadataCost(metadata.add))
	grown := data.grow(left)
	p.Metadata, p.Data = metadata.add, grown.add

	p.conditions(s, MetadataHigh, MetadataAtLimit, MetadataNoRoom, metadata, s.Status.Metadata)
	p.conditions(s, DataHigh, DataAtLimit, DataNoRoom, grown, s.Status.Data)
	addable := lvm.Extents(0)
	if policy.Data.High > 0 {
		addable = min(left-left%max(data.unit, 1), data.limit())
	}
	p.reserve(s, policy, addable, metadata.holds)
	if addable == 0 {
		p.full(s, policy, grown.marked)
	}
	return p
}

func (p *Plan) say(name Name, format string, args ...any) {
	p.Is = append(p.Is, Condition{name, fmt.Sprintf(format, args...)})
}

// broken reports whether a pool in this state must be repaired.
func broken(state Name) bool {
	return slices.Contains([]Name{Failed, OutOfMetadata, NeedsCheck, ReadOnly}, state)
}

func (p *Plan) watchOnly(s *State) {
	if u := s.Status.Metadata; reached(watchedHigh, u.Used, u.Total) {
		p.say(MetadataHigh, "%s is used, and the pool has no policy", share(u))
	}
	if u := s.Status.Data; reached(watchedHigh, u.Used, u.Total) {
		p.say(DataHigh, "%s is used, and the pool has no policy", share(u))
	}
}

// mappingAll is how many blocks of metadata there must be for all of the data to
// be mapped, once it has so many extents more.
func (s *State) mappingAll(more lvm.Extents) uint64 {
	chunks := max(s.chunks(s.Data+more), s.Status.Data.Total)
	free := chunks - min(chunks, s.Status.Data.Used)
	return s.Status.Metadata.Used + (free+mappingsInBlock-1)/mappingsInBlock + metadataSlack
}

// metadataCost is how many extents go to metadata that grows, and to the spare.
func (s *State) metadataCost(add lvm.Extents) lvm.Extents {
	if add == 0 {
		return 0
	}
	after := s.Metadata + add
	return add + after - min(after, s.Spare)
}

func (p *Plan) conditions(s *State, high, atLimit, noRoom Name, o outcome, u thin.Usage) {
	if !o.marked {
		return
	}
	p.say(high, "%s is used", share(u))
	switch {
	case o.holds:
	case o.atLimit:
		p.say(atLimit, "its limit keeps it from growing further")
	case s.Obstacle != nil:
		p.say(noRoom, "%v", s.Obstacle)
	default:
		p.say(noRoom, "VG %s has no extents for it", s.VG)
	}
}

// reserve decides whether new volumes are refused, and notes what is below it.
func (p *Plan) reserve(s *State, policy *Policy, addable lvm.Extents, metadataHolds bool) {
	free := s.Status.Data.Free() + s.chunks(s.Data+addable) - s.chunks(s.Data)
	reserve := s.reserved(policy.Reserve)
	below := free == 0 || free < reserve
	if below {
		p.say(BelowReserve, "%v is left, with what can be added", bytesOf(units.Sectors(free)*s.ChunkSize))
	}
	switch {
	case (below || !metadataHolds) && !s.Refusing:
		p.Refuse = new(true)
	case !below && metadataHolds && s.Refusing && free >= reserve+reserve/4:
		p.Refuse = new(false)
	}
}

// reserved is the reserve in chunks, rounded up.
func (s *State) reserved(a conf.Amount) uint64 {
	if a.Percent > 0 {
		return (s.Status.Data.Total*uint64(a.Percent) + 99) / 100
	}
	if s.ChunkSize == 0 {
		return 0
	}
	return uint64((a.Size.SectorsRoundUp() + s.ChunkSize - 1) / s.ChunkSize)
}

// full decides what becomes of a pool to whose data nothing can be added.
func (p *Plan) full(s *State, policy *Policy, marked bool) {
	free := s.Status.Data.Free()
	switch {
	case policy.WhenFull == DropSnapshots:
		if free == 0 || free < s.reserved(policy.Reserve) {
			p.Drop = oldest(s, policy)
		}
	case !marked && free > 0:
	case policy.WhenFull == FailWrites && !s.FailsWhenFull:
		p.FailWrites = new(true)
	case policy.WhenFull == QueueWrites && s.FailsWhenFull:
		p.FailWrites = new(false)
	}
}

// oldest is the oldest of the snapshots that may be dropped; nil: there is none.
func oldest(s *State, policy *Policy) *Volume {
	var found *Volume
	for i := range s.Volumes {
		v := &s.Volumes[i]
		if !v.Snapshot || v.Busy || !policy.drops(v) {
			continue
		}
		if found == nil || v.Created < found.Created || v.Created == found.Created && v.DeviceID < found.DeviceID {
			found = v
		}
	}
	return found
}
