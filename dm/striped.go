package dm

import (
	"fmt"

	"github.com/rok-storage/rok/units"
)

// Striped spreads a segment over several devices, chunk by chunk: target
// "striped", drivers/md/dm-stripe.c. [StripedStatus] is its status.
//
//	0 2048 striped 2 128 8:16 0 8:32 4096
//
// The zero value has no stripes, which the kernel refuses.
type Striped struct {
	ChunkSize units.Sectors // in each stripe before the next; 32 bits
	Stripes   []Area
	Extra     string // what follows in the line, verbatim
}

// Type returns "striped".
func (Striped) Type() string { return "striped" }

// AppendParams appends "#STRIPES CHUNK-SIZE" and "DEV OFFSET" of each stripe.
// It fails where a stripe has no device.
func (t Striped) AppendParams(b []byte) ([]byte, error) {
	return appendFields(b, append([]field{
		{"number of stripes", length(len(t.Stripes))},
		{"chunk size", &t.ChunkSize},
	}, areaFields(t.Stripes)...), t.Extra)
}

func parseStriped(s string) (Target, error) {
	var t Striped
	p := tableParams(t.Type(), s)
	n := p.uint("number of stripes", 32)
	t.ChunkSize = p.sectors("chunk size")
	t.Stripes = p.areas(n)
	t.Extra = p.extra()
	return t, p.end()
}

// StripedStatus is the status of a [Striped].
//
//	0 2048 striped 2 8:16 8:32 1 AD
type StripedStatus struct {
	Stripes []StripeStatus
	Extra   string // what follows in the line, verbatim
}

// StripeStatus is what a [Striped] says of one of its devices.
type StripeStatus struct {
	Dev BlockDev
	// Failed means that an I/O to the device has failed since the table was
	// loaded: letter D. Otherwise it is A, alive.
	Failed bool
}

// Type returns "striped".
func (StripedStatus) Type() string { return "striped" }

// AppendStatus appends "#STRIPES DEV… 1 LETTERS".
func (s StripedStatus) AppendStatus(b []byte) []byte {
	l := appendLine(b).uint(uint64(len(s.Stripes)))
	letters := make([]byte, 0, len(s.Stripes))
	for _, stripe := range s.Stripes {
		l.dev(stripe.Dev)
		letter := byte('A')
		if stripe.Failed {
			letter = 'D'
		}
		letters = append(letters, letter)
	}
	return l.word("1").word(string(letters)).extra(s.Extra).b
}

func parseStripedStatus(params string) (Status, error) {
	var s StripedStatus
	p := statusParams(s.Type(), params)
	for n := p.uint("number of stripes", 32); n > 0 && p.err == nil; n-- {
		s.Stripes = append(s.Stripes, StripeStatus{Dev: p.device("device")})
	}
	p.literal("1") // the number of words that follow
	letters := p.word("health")
	if p.err == nil && len(letters) != len(s.Stripes) {
		p.fail(fmt.Sprintf("health: want %d letters", len(s.Stripes)))
	}
	for i := range s.Stripes {
		if p.err != nil {
			break
		}
		switch letters[i] {
		case 'A':
		case 'D':
			s.Stripes[i].Failed = true
		default:
			p.fail("health: want letters A and D")
		}
	}
	s.Extra = p.extra()
	return s, p.end()
}
