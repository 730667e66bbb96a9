package dm

import (
	"fmt"

	"github.com/rok-storage/rok/units"
)

// SnapshotPersistence says where a snapshot keeps its table of exceptions.
type SnapshotPersistence string

// The types of exception store, drivers/md/dm-exception-store.c.
const (
	SnapshotPersistent SnapshotPersistence = "P"
	SnapshotTransient  SnapshotPersistence = "N"
	// SnapshotPersistentOverflow is SnapshotPersistent for a program that
	// knows [SnapshotOverflow]: without it a full snapshot says Invalid.
	SnapshotPersistentOverflow SnapshotPersistence = "PO"
)

// Snapshot is Origin as it was, with the chunks that changed since in COW:
// target "snapshot", drivers/md/dm-snap.c. [SnapshotStatus] is its status.
//
//	0 2097152 snapshot 254:11 254:12 P 16
//
// The zero value has no devices and no persistence; the features may stay
// zero.
type Snapshot struct {
	Origin      BlockDev // the device below the "snapshot-origin", not that itself
	COW         BlockDev
	Persistence SnapshotPersistence
	ChunkSize   units.Sectors

	DiscardZeroesCOW      bool
	DiscardPassdownOrigin bool // needs DiscardZeroesCOW

	Other []string // features that have no field here, verbatim
	Extra string   // what follows in the line, verbatim
}

// Type returns "snapshot".
func (Snapshot) Type() string { return "snapshot" }

func (t *Snapshot) fields() []field {
	return []field{
		{"origin device", needed{&t.Origin}},
		{"COW device", needed{&t.COW}},
		{"persistence", (*string)(&t.Persistence)},
		{"chunk size", &t.ChunkSize},
	}
}

func (t *Snapshot) features() []field {
	return []field{
		{"discard_zeroes_cow", &t.DiscardZeroesCOW},
		{"discard_passdown_origin", &t.DiscardPassdownOrigin},
	}
}

// AppendParams appends "ORIGIN COW PERSISTENCE CHUNK-SIZE" and, if there are
// any, "#FEATURES FEATURE…". It fails where a device or the persistence is not
// set.
func (t Snapshot) AppendParams(b []byte) ([]byte, error) {
	return appendWithFeatures(b, t.fields(), t.features(), t.Other, t.Extra)
}

func parseSnapshot(typ, s string) (Snapshot, error) {
	var t Snapshot
	p := tableParams(typ, s)
	p.fields(4, t.fields())
	t.Other = p.options(p.maybeCount("number of features"), t.features())
	t.Extra = p.extra()
	return t, p.end()
}

// SnapshotMerge copies what is in COW back to Origin while Origin is in use:
// target "snapshot-merge". It takes the place of a [SnapshotOrigin], and wants
// a persistent store. [SnapshotMergeStatus] is its status.
type SnapshotMerge struct{ Snapshot }

// Type returns "snapshot-merge".
func (SnapshotMerge) Type() string { return "snapshot-merge" }

// SnapshotOrigin is the way to a device that has snapshots: what is written
// through it is copied to them first. Target "snapshot-origin"; its status
// line is empty.
//
//	0 2097152 snapshot-origin 254:11
type SnapshotOrigin struct {
	Origin BlockDev
	Extra  string // what follows in the line, verbatim
}

// Type returns "snapshot-origin".
func (SnapshotOrigin) Type() string { return "snapshot-origin" }

func (t *SnapshotOrigin) fields() []field { return []field{{"origin device", needed{&t.Origin}}} }

// AppendParams appends the device. It fails where there is none.
func (t SnapshotOrigin) AppendParams(b []byte) ([]byte, error) {
	return appendFields(b, t.fields(), t.Extra)
}

func parseSnapshotOrigin(s string) (Target, error) {
	var t SnapshotOrigin
	p := tableParams(t.Type(), s)
	t.Extra = p.all(t.fields())
	return t, p.end()
}

// appendWithFeatures appends a line that is list, the features if there are
// any, and extra.
func appendWithFeatures(b []byte, list, features []field, other []string, extra string) ([]byte, error) {
	if err := checkFields(list); err != nil {
		return b, err
	}
	if err := checkOptions(features, other); err != nil {
		return b, fmt.Errorf("features: %w", err)
	}
	l := appendLine(b).fields(0, list)
	if words := options(features, other); len(words) > 0 {
		l.counted(words)
	}
	return l.extra(extra).b, nil
}
