package dm

import (
	"errors"
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

// AppendParams appends "DEV OFFSET". It fails where Dev is not set.
func (t Linear) AppendParams(b []byte) ([]byte, error) {
	if t.Dev.IsZero() {
		return b, errNoDevice
	}
	b = t.Dev.appendParam(b)
	b = append(b, ' ')
	b = strconv.AppendUint(b, uint64(t.Offset), 10)
	return append(b, t.Extra...), nil
}

func parseLinear(s string) (Target, error) {
	p := tableParams("linear", s)
	t := Linear{Dev: p.dev("device"), Offset: p.sectors("offset"), Extra: p.extra()}
	return t, p.end()
}

var errNoDevice = errors.New("no device")
