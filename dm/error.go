package dm

import "github.com/rok-storage/rok/units"

// ErrorTarget fails all I/O: target "error", drivers/md/dm-target.c. It has no
// status. The zero value is the usual form, without words:
//
//	0 2048 error
//	0 2048 error 8:16 0
type ErrorTarget struct {
	// Dev is a device whose limits and zones the segment takes on. It may be
	// no device. Newer than Linux 6.1.
	Dev    BlockDev
	Offset units.Sectors // where on Dev the segment begins
	Extra  string        // what follows in the line, verbatim
}

// Type returns "error".
func (ErrorTarget) Type() string { return "error" }

func (t *ErrorTarget) fields() []field {
	return []field{{"device", needed{&t.Dev}}, {"offset", &t.Offset}}
}

// AppendParams appends "DEV OFFSET", or nothing without a device.
func (t ErrorTarget) AppendParams(b []byte) ([]byte, error) {
	if t.Dev.IsZero() {
		return append(b, t.Extra...), nil
	}
	return appendFields(b, t.fields(), t.Extra)
}

func parseError(s string) (Target, error) {
	var t ErrorTarget
	p := tableParams(t.Type(), s)
	if !p.maybe(t.fields()) {
		t = ErrorTarget{}
	}
	t.Extra = p.extra()
	return t, p.end()
}
