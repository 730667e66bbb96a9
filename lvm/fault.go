package lvm

import (
	"errors"
	"strings"
)

// What is wrong with a VG, in kinds for errors.Is.
var (
	ErrStructure = errors.New("not as metadata must be")           // a key is missing, or is not what it must be
	ErrDuplicate = errors.New("there twice")                       // a name or an ID
	ErrName      = errors.New("not a name that LVM takes")         // of a VG or LV
	ErrReference = errors.New("refers to what is not there")       // an LV or PV
	ErrGap       = errors.New("segments with a gap or an overlap") // within an LV
	ErrOverlap   = errors.New("extents that two segments have")    // on a PV
	ErrRange     = errors.New("beyond what there is")              // extents, numbers
	ErrFlag      = errors.New("a status that is not known")
)

// Fault is one thing that is wrong with a VG.
type Fault struct {
	Object string // "VG", "PV" or "LV"
	Name   string // its name; of a PV its device or ID
	What   string // what is wrong
	Mend   string // what can be done; may be empty
	VG     string // of a PV that is in no VG: whose change mends it; may be empty
	Err    error  // one of the kinds, such as [ErrOverlap]
}

// Error prints, for example, `LV home: extents 7-9 of PV /dev/sda1 are root's too`.
func (f *Fault) Error() string {
	var b strings.Builder
	b.WriteString(f.Object)
	if f.Name != "" {
		b.WriteByte(' ')
		b.WriteString(f.Name)
	}
	b.WriteString(": ")
	b.WriteString(f.What)
	if f.Mend != "" {
		b.WriteString(" (")
		b.WriteString(f.Mend)
		b.WriteByte(')')
	}
	return b.String()
}

// Unwrap returns Err.
func (f *Fault) Unwrap() error { return f.Err }
