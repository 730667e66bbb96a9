package dm

import "github.com/rok-storage/rok/units"

// ThinPool is the pool that thin volumes take their blocks from: target
// "thin-pool", drivers/md/dm-thin.c. [ThinPoolStatus] is its status.
//
//	0 20971520 thin-pool 254:0 254:1 128 32768 1 skip_block_zeroing
//
// The zero value has neither devices nor a block size; everything else may
// stay zero. Kernels print a blank at the end, which is then in Extra.
type ThinPool struct {
	Metadata      BlockDev
	Data          BlockDev
	DataBlockSize units.Sectors // a multiple of 128, at most 2097152
	LowWaterMark  uint64        // in data blocks: an event when fewer are free

	SkipBlockZeroing  bool // do not zero a block that was just provisioned
	IgnoreDiscard     bool // refuse discards
	NoDiscardPassdown bool // unmap what is discarded, but do not tell Data
	ReadOnly          bool // no change of metadata; not for a pool's first table
	ErrorIfNoSpace    bool // fail writes at once when space ends, queue none

	// Features that have no field here, with their arguments, in the line's
	// order.
	Other []string
	Extra string // what follows the features, verbatim
}

// Type returns "thin-pool".
func (ThinPool) Type() string { return "thin-pool" }

// features lists the features in the order of emit_flags of dm-thin.c.
func (t *ThinPool) features() []field {
	return []field{
		{"skip_block_zeroing", &t.SkipBlockZeroing},
		{"ignore_discard", &t.IgnoreDiscard},
		{"no_discard_passdown", &t.NoDiscardPassdown},
		{"read_only", &t.ReadOnly},
		{"error_if_no_space", &t.ErrorIfNoSpace},
	}
}

// AppendParams appends "METADATA DATA BLOCK-SIZE LOW-WATER-MARK #FEATURES
// FEATURE…". It fails where a device is not set or a word of Other is none.
func (t ThinPool) AppendParams(b []byte) ([]byte, error) {
	if t.Metadata.IsZero() || t.Data.IsZero() {
		return b, errNoDevice
	}
	if err := checkWords(t.Other...); err != nil {
		return b, err
	}
	l := appendLine(b).dev(t.Metadata).dev(t.Data).sectors(t.DataBlockSize).uint(t.LowWaterMark)
	return l.counted(options(t.features(), t.Other)).extra(t.Extra).b, nil
}

func parseThinPool(s string) (Target, error) {
	p := tableParams("thin-pool", s)
	t := ThinPool{
		Metadata:      p.device("metadata device"),
		Data:          p.device("data device"),
		DataBlockSize: p.sectors("data block size"),
		LowWaterMark:  p.uint("low water mark", 64),
	}
	t.Other = p.options(p.uint("number of features", 16), t.features())
	t.Extra = p.extra()
	return t, p.end()
}
