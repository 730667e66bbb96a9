package dm

import "github.com/rok-storage/rok/units"

// Unstriped shows one stripe of a striped device: target "unstriped",
// drivers/md/dm-unstripe.c. Its status is empty.
//
//	0 1024 unstriped 2 128 1 8:16 0
//
// The zero value has no device, which the kernel refuses.
type Unstriped struct {
	Stripes   uint32        // how many the device has
	ChunkSize units.Sectors // in each stripe before the next; 32 bits
	Stripe    uint32        // which one to show, counted from 0
	Dev       BlockDev
	Offset    units.Sectors // where on Dev the stripes begin
	Extra     string        // what follows in the line, verbatim
}

func (t *Unstriped) fields() []field {
	return []field{
		{"number of stripes", &t.Stripes},
		{"chunk size", &t.ChunkSize},
		{"stripe", &t.Stripe},
		{"device", needed{&t.Dev}},
		{"offset", &t.Offset},
	}
}

// Type returns "unstriped".
func (Unstriped) Type() string { return "unstriped" }

// AppendParams appends "#STRIPES CHUNK-SIZE STRIPE DEV OFFSET". It fails where
// Dev is not set.
func (t Unstriped) AppendParams(b []byte) ([]byte, error) {
	return appendFields(b, t.fields(), t.Extra)
}

func parseUnstriped(s string) (Target, error) {
	var t Unstriped
	p := tableParams(t.Type(), s)
	t.Extra = p.all(t.fields())
	return t, p.end()
}
