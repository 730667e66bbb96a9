package dm

import (
	"fmt"

	"github.com/rok-storage/rok/units"
)

// MaxThinDeviceID is the largest id of a device in a pool: 24 bits, MAX_DEV_ID
// of drivers/md/dm-thin.c.
const MaxThinDeviceID = 1<<24 - 1

// Thin is a volume that takes its blocks from a pool as it is written: target
// "thin", drivers/md/dm-thin.c. [ThinStatus] is its status.
//
//	0 2097152 thin 254:2 7
//	0 2097152 thin 254:2 7 7:0
//
// The zero value has no pool.
type Thin struct {
	Pool           BlockDev
	DeviceID       uint32   // in the pool; at most MaxThinDeviceID
	ExternalOrigin BlockDev // read where nothing is mapped; may be no device
	// State is the word that the kernel prints in place of the table when the
	// pool has failed. Such a line tells nothing else and cannot be loaded.
	State ThinState
	Extra string // what follows in the line, verbatim
}

// Type returns "thin".
func (Thin) Type() string { return "thin" }

// AppendParams appends "POOL ID" and the external origin if there is one. It
// fails where Pool is not set or DeviceID is too large.
func (t Thin) AppendParams(b []byte) ([]byte, error) {
	if t.State != "" {
		return appendLine(b).word(string(t.State)).extra(t.Extra).b, nil
	}
	if t.Pool.IsZero() {
		return b, errNoDevice
	}
	if t.DeviceID > MaxThinDeviceID {
		return b, fmt.Errorf("thin device id %d: more than 24 bits", t.DeviceID)
	}
	l := appendLine(b).dev(t.Pool).uint(uint64(t.DeviceID))
	if !t.ExternalOrigin.IsZero() {
		l.dev(t.ExternalOrigin)
	}
	return l.extra(t.Extra).b, nil
}

func parseThin(s string) (Target, error) {
	p := tableParams("thin", s)
	t := Thin{State: p.thinState()}
	if t.State == "" {
		t.Pool = p.device("pool device")
		t.DeviceID = uint32(p.uint("device id", 24))
		t.ExternalOrigin = p.maybeDevice("external origin device")
	}
	t.Extra = p.extra()
	return t, p.end()
}

// ThinState is the one word that stands in the lines of a thin volume in
// place of everything else. The zero value is a volume that has more to say.
type ThinState string

// The words that thin_status of drivers/md/dm-thin.c prints.
const (
	ThinFail     ThinState = "Fail"  // its pool has failed
	ThinError    ThinState = "Error" // the kernel could not read the figures
	ThinNoDevice ThinState = "-"     // it has no device in the pool
)

func (p *params) thinState() ThinState {
	switch state := ThinState(p.peek()); state {
	case ThinFail, ThinError, ThinNoDevice:
		p.word("state")
		return state
	}
	return ""
}

// ThinStatus is the status of a [Thin].
//
//	0 2097152 thin 1024 2097151
//	0 2097152 thin 0 -
type ThinStatus struct {
	State         ThinState // where set, the line is this word alone
	MappedSectors units.Sectors
	// HighestMappedSector is nil where nothing is mapped.
	HighestMappedSector *units.Sectors
	Extra               string // what follows, verbatim
}

// Type returns "thin".
func (ThinStatus) Type() string { return "thin" }

func (s *ThinStatus) fields() []field {
	return []field{
		{"mapped sectors", &s.MappedSectors},
		{"highest mapped sector", sectorOrDash{&s.HighestMappedSector}},
	}
}

// AppendStatus appends the line as the kernel printed it.
func (s ThinStatus) AppendStatus(b []byte) []byte {
	l := appendLine(b)
	if s.State != "" {
		l.word(string(s.State))
	} else {
		l.fields(0, s.fields())
	}
	return l.extra(s.Extra).b
}

func parseThinStatus(params string) (Status, error) {
	p := statusParams("thin", params)
	s := ThinStatus{State: p.thinState()}
	if s.State == "" {
		p.fields(2, s.fields())
	}
	s.Extra = p.extra()
	return s, p.end()
}
