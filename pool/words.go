package pool

import (
	"fmt"
	"strings"

	"github.com/rok-storage/rok/thin"
)

// share is how much of something is used, in words: "83.1 %".
func share(u thin.Usage) string {
	if u.Total == 0 {
		return "all"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(u.Used)/float64(u.Total))
}

// stateWords says what a pool is and what that means.
func stateWords(s *State) string {
	switch stateEvent(s) {
	case Inactive:
		return "it is not active"
	case Failed:
		return "it does no I/O any more: its metadata must be repaired offline"
	case OutOfMetadata:
		return "it has no free metadata block: writes that need one fail, and what was acknowledged last may be lost; its metadata must be checked and extended offline"
	case NeedsCheck:
		return "an operation on its metadata failed: it is read-only until the metadata is checked offline"
	case ReadOnly:
		return "its metadata cannot be changed: writes that need a block fail"
	case OutOfData:
		if s.Status.Kernel.ErrorIfNoSpace {
			return "it has no free block: writes that need one fail"
		}
		return "it has no free block: writes that need one wait, until space comes or the kernel's no_space_timeout ends"
	}
	if s.Status.State == thin.Unknown {
		return "the kernel says what rok does not understand"
	}
	return "it works"
}

// Advice is what a pool is, in words, and the command that helps; that is empty
// where nothing is to be done.
type Advice struct {
	State string // in a word or two: "out of data space"
	Why   string
	Next  string
}

// Advise says what a person needs to know of a pool. The plan is what its policy
// makes of it.
func Advise(s *State, p *Plan) Advice {
	name := s.VG + "/" + s.Pool
	a := Advice{State: s.Status.State.String(), Why: stateWords(s)}
	switch state := stateEvent(s); {
	case state == Inactive:
		a.State, a.Next = "inactive", "rok lv activate "+name
	case broken(state):
		if state == NeedsCheck {
			a.State = "needs a check"
		}
		a.Next = "rok pool repair " + name
	case state == OutOfData:
		a.Next = "rok pool extend " + name
		if s.DataRoom == 0 {
			a.Next = "rok vg extend " + s.VG + " DEVICE"
		}
	case p.Has(MetadataHigh) || p.Has(DataHigh):
		a.Why, a.Next = p.words(), "rok pool extend "+name
		if p.Has(MetadataHigh) && s.MetadataRoom == 0 || p.Has(DataHigh) && s.DataRoom == 0 {
			a.Next = "rok vg extend " + s.VG + " DEVICE"
		}
	case s.Refusing:
		a.Why = "it works, and refuses new volumes by VG tag " + RefusalTag(s.Pool)
	}
	return a
}

// words are the messages of what holds of metadata and of data.
func (p *Plan) words() string {
	var parts []string
	for _, c := range p.Is {
		switch c.Name {
		case MetadataHigh:
			parts = append(parts, "metadata: "+c.Message)
		case DataHigh:
			parts = append(parts, "data: "+c.Message)
		case MetadataAtLimit, MetadataNoRoom, DataAtLimit, DataNoRoom:
			parts[len(parts)-1] += ", and " + c.Message // its mark comes first
		}
	}
	return strings.Join(parts, "; ")
}
