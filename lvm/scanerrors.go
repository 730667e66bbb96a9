package lvm

import "errors"

// What a scan finds to be wrong, in kinds for errors.Is; [disk.ErrDamaged] is
// another one.
var (
	ErrMissingPV   = errors.New("PV is missing")                            // the VG has it, and no device does
	ErrDuplicatePV = errors.New("several devices have the PV")              // copies of a disk, or paths to one
	ErrStale       = errors.New("older metadata")                           // of a PV that was not there when the VG was written, or of a commit that was cut off
	ErrOutdated    = errors.New("PV has left its VG")                       // and still has metadata that says otherwise
	ErrConflict    = errors.New("metadata of one age that differs")         // a VG that was changed in two places
	ErrClaimed     = errors.New("several VGs have the PV")                  //
	ErrSameName    = errors.New("several VGs have the name")                //
	ErrSmallDevice = errors.New("device is too small")                      // for what its PV or VG says
	ErrUsedFlag    = errors.New("PV header and VG disagree on who uses it") // the header says "used" and no VG has the PV, or the other way round
	ErrMisplaced   = errors.New("areas overlap")                            // metadata would overwrite data, or each other
)

// What can be done about faults, for [Fault.Mend].
const (
	mendByWrite  = "the next change of the VG writes it anew"
	mendByReduce = "connect the device, or remove the PV from the VG"
)
