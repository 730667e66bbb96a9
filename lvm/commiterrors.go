package lvm

import (
	"errors"
	"fmt"
)

// What a commit is refused for, besides the kinds of faults that a scan finds.
var (
	ErrChanged        = errors.New("changed by somebody else meanwhile")        // the devices are not as they were read
	ErrForeign        = errors.New("VG belongs to another system")              // its system ID is another one
	ErrShared         = errors.New("VG is locked by lvmlockd")                  // lock_type is set
	ErrClustered      = errors.New("VG is clustered")                           // by a cluster of before lvm2 2.03
	ErrExported       = errors.New("VG is exported")                            // it must be imported first
	ErrVGNotWritable  = errors.New("VG is read-only")                           // its status says so
	ErrUnknownSegment = errors.New("VG has a segment of a type not known")      // which only those that know it may change
	ErrNoArea         = errors.New("no PV of the VG has a metadata area")       // nowhere to write to
	ErrNotFree        = errors.New("PV is not free")                            // it is in a VG, or says so
	ErrVGExists       = errors.New("VG is there already")                       // a new one has its ID
	ErrHasLVs         = errors.New("VG has LVs")                                // which are to be removed first
	ErrPartScan       = errors.New("other VGs were not read")                   // the scan was of one VG, and the change is about PVs or names
	ErrUnknownHeader  = errors.New("PV header is of a version not known")       // it cannot be rewritten without loss
	ErrPartial        = errors.New("committed, and not everything was written") // matches a [PartialError]
)

// CommitError is a commit that was refused, or failed: the VG is what it was. Only
// where going back failed too, Err says so.
type CommitError struct {
	VG   string // its name
	Step string // "check", "write text", "precommit", "suspend", "commit", …
	Err  error
}

func (e *CommitError) Error() string { return fmt.Sprintf("commit VG %s: %s: %v", e.VG, e.Step, e.Err) }

func (e *CommitError) Unwrap() error { return e.Err }

// PartialError says that a commit counts, since one metadata area at least has it,
// and that something behind that point failed: another area has the text of
// before, which the next commit heals, or LVs could not be resumed.
type PartialError struct {
	VG  string // its name
	Err error  // what failed, joined
}

func (e *PartialError) Error() string { return fmt.Sprintf("VG %s: %v: %v", e.VG, ErrPartial, e.Err) }

// Is reports whether target is [ErrPartial].
func (e *PartialError) Is(target error) bool { return target == ErrPartial }

func (e *PartialError) Unwrap() error { return e.Err }
