package dm

import (
	"fmt"
	"strconv"

	"github.com/rok-storage/rok/units"
)

// Linear maps a segment to a run of sectors of another device: target
// "linear", drivers/md/dm-linear.c. Its status line is empty.
//
//	0 2048 linear 8:16 4096
type Linear struct {
	Dev    BlockDev
	Offset units.Sectors // where on Dev the segment begins
	Extra  string        // what follows in the line, verbatim
}

// Type returns "linear".
func (Linear) Type() string { return "linear" }

func (t *Linear) fields() []field {
	return []field{{"device", needed{&t.Dev}}, {"offset", &t.Offset}}
}

// AppendParams appends "DEV OFFSET". It fails where Dev is not set.
func (t Linear) AppendParams(b []byte) ([]byte, error) {
	// By hand: fields would cost memory for each segment, and tables of
	// thousands are linear.
	if t.Dev.IsZero() {
		return b, fmt.Errorf("device: %w", errNoDevice)
	}
	b = append(t.Dev.appendParam(b), ' ')
	b = strconv.AppendUint(b, uint64(t.Offset), 10)
	return append(b, t.Extra...), nil
}

func parseLinear(s string) (Target, error) {
	var t Linear
	p := tableParams(t.Type(), s)
	t.Extra = p.all(t.fields())
	return t, p.end()
}
