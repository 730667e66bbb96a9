package dm

// ThinPoolMode is what a pool says of itself in its status. Other words than
// these are kept as they are.
type ThinPoolMode string

// The modes that pool_status of drivers/md/dm-thin.c prints.
const (
	ThinPoolReadWrite      ThinPoolMode = "rw"
	ThinPoolOutOfDataSpace ThinPoolMode = "out_of_data_space"
	// ThinPoolReadOnly also stands for a pool that is out of metadata space:
	// the kernel has a mode for that, and prints it as "ro".
	ThinPoolReadOnly ThinPoolMode = "ro"
	// ThinPoolFail is a pool that does no I/O any more. Nothing else is known.
	ThinPoolFail ThinPoolMode = "Fail"
	// ThinPoolError says that the kernel could not read the pool's figures.
	// Nothing else is known.
	ThinPoolError ThinPoolMode = "Error"
)

// ThinPoolDiscard is what a pool does with discards, which need not be what
// its table asks for: data devices without discard turn passing down off.
type ThinPoolDiscard string

// The words that pool_status of drivers/md/dm-thin.c prints.
const (
	ThinPoolIgnoreDiscard     ThinPoolDiscard = "ignore_discard"
	ThinPoolDiscardPassdown   ThinPoolDiscard = "discard_passdown"
	ThinPoolNoDiscardPassdown ThinPoolDiscard = "no_discard_passdown"
)

// ThinPoolStatus is the status of a [ThinPool].
//
//	0 65536 thin-pool 0 112/1024 0/512 - rw discard_passdown queue_if_no_space - 256
//
// With Mode [ThinPoolFail] or [ThinPoolError] the line is that word alone and
// all other fields are zero.
type ThinPoolStatus struct {
	TransactionID                           uint64
	UsedMetadataBlocks, TotalMetadataBlocks uint64 // of 4 KiB
	UsedDataBlocks, TotalDataBlocks         uint64 // of ThinPool.DataBlockSize
	// HeldMetadataRoot is the metadata block of the metadata snapshot's root,
	// zero where no metadata snapshot is held.
	HeldMetadataRoot uint64
	Mode             ThinPoolMode
	Discard          ThinPoolDiscard
	// ErrorIfNoSpace is what the pool does now: one that has queued for
	// no_space_timeout seconds turns it on by itself.
	ErrorIfNoSpace bool
	NeedsCheck     bool // the metadata must be checked before it is written again
	// MetadataLowWaterMark is in metadata blocks: an event when fewer are free.
	MetadataLowWaterMark uint64

	// Fields is how many of the nine fields the kernel printed; zero is all of
	// them. Linux 3.2 prints four (to HeldMetadataRoot), 3.5 six, 3.15 seven,
	// 4.0 eight. Those that were not printed are zero.
	Fields int
	Extra  string // what follows, verbatim: kernels print a blank
}

// Type returns "thin-pool".
func (ThinPoolStatus) Type() string { return "thin-pool" }

func (s *ThinPoolStatus) fields() []field {
	return []field{
		{"transaction id", &s.TransactionID},
		{"metadata blocks", ratio{&s.UsedMetadataBlocks, &s.TotalMetadataBlocks}},
		{"data blocks", ratio{&s.UsedDataBlocks, &s.TotalDataBlocks}},
		{"held metadata root", numberOrDash{&s.HeldMetadataRoot}},
		{"mode", (*string)(&s.Mode)},
		{"discard", (*string)(&s.Discard)},
		{"no space", choice{"error_if_no_space", "queue_if_no_space", &s.ErrorIfNoSpace}},
		{"needs check", choice{"needs_check", "-", &s.NeedsCheck}},
		{"metadata low water mark", &s.MetadataLowWaterMark},
	}
}

// AppendStatus appends the line as the kernel printed it.
func (s ThinPoolStatus) AppendStatus(b []byte) []byte {
	l := appendLine(b)
	switch s.Mode {
	case ThinPoolFail, ThinPoolError:
		l.word(string(s.Mode))
	default:
		l.fields(s.Fields, s.fields())
	}
	return l.extra(s.Extra).b
}

func parseThinPoolStatus(params string) (Status, error) {
	p := statusParams("thin-pool", params)
	var s ThinPoolStatus
	switch mode := ThinPoolMode(p.peek()); mode {
	case ThinPoolFail, ThinPoolError:
		p.word("mode")
		s.Mode = mode
	default:
		s.Fields = p.printed(4, s.fields())
	}
	s.Extra = p.extra()
	return s, p.end()
}
