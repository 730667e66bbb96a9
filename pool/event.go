package pool

import (
	"time"

	"github.com/rok-storage/rok/thin"
	"github.com/rok-storage/rok/units"
)

// Name is what happened. The names are stable.
type Name string

// What a pool may be. A watcher says each when it begins.
const (
	DataHigh          Name = "data-high"             // the mark of the data is reached
	MetadataHigh      Name = "metadata-high"         // the mark of the metadata is reached, or it could not map all of the data
	DataAtLimit       Name = "data-at-limit"         // and its limit keeps it from growing
	MetadataAtLimit   Name = "metadata-at-limit"     // the same of metadata
	DataNoRoom        Name = "data-no-room"          // and the VG has no extents for it
	MetadataNoRoom    Name = "metadata-no-room"      // the same of metadata
	BelowReserve      Name = "below-reserve"         // less is left than the reserve
	OutOfData         Name = "out-of-data-space"     // writes that need a block wait or fail
	OutOfMetadata     Name = "out-of-metadata-space" // the pool must be repaired
	ReadOnly          Name = "read-only"             // the pool must be repaired
	Failed            Name = "failed"                // the pool must be repaired
	NeedsCheck        Name = "needs-check"           // its metadata must be checked
	Inactive          Name = "inactive"              // the kernel does not have it
	Recovered         Name = "recovered"             // it was in one of the states from out-of-data-space on, and is writable
	Watched           Name = "watched"               // it is watched from now on
	Gone              Name = "gone"                  // it is not there any more
	NoSuchPool        Name = "no-such-pool"          // there is a policy for it
	CreatedAllTheSame Name = "created-below-reserve" // somebody who does not look at tags made a volume
)

// What a watcher did.
const (
	DataExtended      Name = "data-extended"
	MetadataExtended  Name = "metadata-extended"
	CreationRefused   Name = "creation-refused"
	CreationAllowed   Name = "creation-allowed"
	WritesFail        Name = "writes-fail"  // when the pool is full, from now on
	WritesQueue       Name = "writes-queue" // the same
	SnapshotDropped   Name = "snapshot-dropped"
	Resumed           Name = "resumed" // it was suspended, by a program that was killed
	ActionFailed      Name = "action-failed"
	Reconfigured      Name = "reconfigured"
	ConfigurationFail Name = "configuration-failed" // the old one stays
)

// Event is something that happened to a pool, or to the watcher where Pool is
// empty.
type Event struct {
	Time    time.Time
	Name    Name
	VG      string
	Pool    string
	Message string // in words
	Status  thin.Status
	// ChunkSize is what Status.Data counts; zero where Pool is empty.
	ChunkSize units.Sectors
	Hook      string // of the pool's policy
}

// stateEvent is what a pool's state is called; empty: it is as it should be.
func stateEvent(s *State) Name {
	switch {
	case !s.Active:
		return Inactive
	case s.Status.State == thin.Failed:
		return Failed
	case s.Status.State == thin.OutOfMetadataSpace:
		return OutOfMetadata
	case s.Status.NeedsCheck:
		return NeedsCheck
	case s.Status.State == thin.ReadOnly:
		return ReadOnly
	case s.Status.State == thin.OutOfDataSpace:
		return OutOfData
	}
	return ""
}
