package dm

import "github.com/rok-storage/rok/units"

// Era notes which blocks of a device are written in which era, for backups and
// caches that ask what changed since: target "era",
// drivers/md/dm-era-target.c. [EraStatus] is its status.
//
//	0 2097152 era 254:0 254:1 128
//
// The zero value has neither devices nor a block size.
type Era struct {
	Metadata  BlockDev
	Origin    BlockDev
	BlockSize units.Sectors
	Extra     string // what follows in the line, verbatim
}

// Type returns "era".
func (Era) Type() string { return "era" }

func (t *Era) fields() []field {
	return []field{
		{"metadata device", needed{&t.Metadata}},
		{"origin device", needed{&t.Origin}},
		{"block size", &t.BlockSize},
	}
}

// AppendParams appends "METADATA ORIGIN BLOCK-SIZE". It fails where a device
// is not set.
func (t Era) AppendParams(b []byte) ([]byte, error) {
	return appendFields(b, t.fields(), t.Extra)
}

func parseEra(s string) (Target, error) {
	var t Era
	p := tableParams(t.Type(), s)
	t.Extra = p.all(t.fields())
	return t, p.end()
}

// EraStatus is the status of an [Era].
//
//	0 2097152 era 8 13/1024 1 -
type EraStatus struct {
	// Error says that the kernel could not read the figures. The line is that
	// word alone and all other fields are zero.
	Error                                   bool
	MetadataBlockSize                       units.Sectors
	UsedMetadataBlocks, TotalMetadataBlocks uint64
	CurrentEra                              uint32
	// HeldMetadataRoot is the metadata block of the metadata snapshot's root,
	// zero where no metadata snapshot is held.
	HeldMetadataRoot uint64
	Extra            string // what follows, verbatim
}

const eraError = "Error"

// Type returns "era".
func (EraStatus) Type() string { return "era" }

func (s *EraStatus) fields() []field {
	return []field{
		{"metadata block size", &s.MetadataBlockSize},
		{"metadata blocks", ratio{&s.UsedMetadataBlocks, &s.TotalMetadataBlocks}},
		{"current era", &s.CurrentEra},
		{"held metadata root", numberOrDash{&s.HeldMetadataRoot}},
	}
}

// AppendStatus appends the line as the kernel printed it.
func (s EraStatus) AppendStatus(b []byte) []byte {
	l := appendLine(b)
	if s.Error {
		l.word(eraError)
	} else {
		l.fields(0, s.fields())
	}
	return l.extra(s.Extra).b
}

func parseEraStatus(params string) (Status, error) {
	var s EraStatus
	p := statusParams(s.Type(), params)
	if s.Error = p.peek() == eraError; s.Error {
		p.word("error")
	} else {
		p.fields(4, s.fields())
	}
	s.Extra = p.extra()
	return s, p.end()
}
