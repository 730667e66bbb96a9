package dm

// Zero reads as zeros and forgets what is written: target "zero",
// drivers/md/dm-zero.c. Neither its table nor its status has words.
//
//	0 2048 zero
type Zero struct {
	Extra string // what follows in the line, verbatim
}

// Type returns "zero".
func (Zero) Type() string { return "zero" }

// AppendParams appends nothing but Extra. It never fails.
func (t Zero) AppendParams(b []byte) ([]byte, error) { return append(b, t.Extra...), nil }

func parseZero(s string) (Target, error) { return Zero{Extra: s}, nil }
