package dm

import "github.com/rok-storage/rok/units"

// SnapshotState is what stands in the status of a snapshot in place of its
// figures. The zero value is a snapshot that has figures.
type SnapshotState string

// What snapshot_status of drivers/md/dm-snap.c prints.
const (
	SnapshotInvalid     SnapshotState = "Invalid" // it is lost: full, or an error
	SnapshotMergeFailed SnapshotState = "Merge failed"
	// SnapshotOverflow is a full snapshot, lost like an invalid one. Only
	// [SnapshotPersistentOverflow] says so.
	SnapshotOverflow SnapshotState = "Overflow"
	SnapshotUnknown  SnapshotState = "Unknown" // the store does not count
)

// SnapshotStatus is the status of a [Snapshot].
//
//	0 2097152 snapshot 32/4096 16
type SnapshotStatus struct {
	State SnapshotState // where set, the line is this alone
	// AllocatedSectors of TotalSectors of the COW device are in use,
	// MetadataSectors of them for the table of exceptions. A merge is done
	// when there is nothing but metadata.
	AllocatedSectors, TotalSectors units.Sectors
	MetadataSectors                units.Sectors

	// Fields is how many of the two fields the kernel printed; zero is both.
	// Linux before 2.6.32 does not print MetadataSectors.
	Fields int
	Extra  string // what follows, verbatim
}

// Type returns "snapshot".
func (SnapshotStatus) Type() string { return "snapshot" }

func (s *SnapshotStatus) fields() []field {
	return []field{
		{"sectors", ratio{(*uint64)(&s.AllocatedSectors), (*uint64)(&s.TotalSectors)}},
		{"metadata sectors", &s.MetadataSectors},
	}
}

// AppendStatus appends the line as the kernel printed it.
func (s SnapshotStatus) AppendStatus(b []byte) []byte {
	l := appendLine(b)
	if s.State != "" {
		l.word(string(s.State))
	} else {
		l.fields(s.Fields, s.fields())
	}
	return l.extra(s.Extra).b
}

func parseSnapshotStatus(typ, params string) (SnapshotStatus, error) {
	p := statusParams(typ, params)
	var s SnapshotStatus
	switch word := SnapshotState(p.peek()); word {
	case SnapshotInvalid, SnapshotOverflow, SnapshotUnknown:
		p.word("state")
		s.State = word
	case "Merge":
		p.word("state")
		p.literal("failed")
		s.State = SnapshotMergeFailed
	default:
		s.Fields = p.printed(1, s.fields())
	}
	s.Extra = p.extra()
	return s, p.end()
}

// SnapshotMergeStatus is the status of a [SnapshotMerge].
type SnapshotMergeStatus struct{ SnapshotStatus }

// Type returns "snapshot-merge".
func (SnapshotMergeStatus) Type() string { return "snapshot-merge" }
