package dm

import "github.com/rok-storage/rok/units"

// Dust fails reads of blocks that were declared bad by message: target
// "dust", drivers/md/dm-dust.c. [DustStatus] is its status.
//
//	0 2048 dust 8:16 0 512
//
// The zero value has no device, which the kernel refuses.
type Dust struct {
	Dev       BlockDev
	Offset    units.Sectors // where on Dev the segment begins
	BlockSize units.Bytes   // of a bad block: a power of two, 512 or more; 32 bits
	Extra     string        // what follows in the line, verbatim
}

func (t *Dust) fields() []field {
	return []field{
		{"device", needed{&t.Dev}},
		{"offset", &t.Offset},
		{"block size", number[units.Bytes]{&t.BlockSize}},
	}
}

// Type returns "dust".
func (Dust) Type() string { return "dust" }

// AppendParams appends "DEV OFFSET BLOCK-SIZE". It fails where Dev is not set.
func (t Dust) AppendParams(b []byte) ([]byte, error) {
	return appendFields(b, t.fields(), t.Extra)
}

func parseDust(s string) (Target, error) {
	var t Dust
	p := tableParams(t.Type(), s)
	t.Extra = p.all(t.fields())
	return t, p.end()
}

// DustBehaviour is what a [Dust] does with a read of a bad block.
type DustBehaviour string

// The words of dust_status. The messages "enable" and "disable" switch.
const (
	DustBypass     DustBehaviour = "bypass"                 // read it like any other
	DustFailOnRead DustBehaviour = "fail_read_on_bad_block" // fail the read
)

// DustLogging is what a [Dust] writes to the kernel's log.
type DustLogging string

// The words of dust_status. The message "quiet" switches.
const (
	DustQuiet   DustLogging = "quiet"   // nothing when a bad block is added or removed
	DustVerbose DustLogging = "verbose" // a line for each
)

// DustStatus is the status of a [Dust].
//
//	0 2048 dust 8:16 fail_read_on_bad_block verbose
type DustStatus struct {
	Dev       BlockDev
	Behaviour DustBehaviour
	Logging   DustLogging
	Extra     string // what follows in the line, verbatim
}

func (s *DustStatus) fields() []field {
	return []field{
		{"device", needed{&s.Dev}},
		{"behaviour", oneOf[DustBehaviour]{&s.Behaviour, []DustBehaviour{DustBypass, DustFailOnRead}}},
		{"logging", oneOf[DustLogging]{&s.Logging, []DustLogging{DustQuiet, DustVerbose}}},
	}
}

// Type returns "dust".
func (DustStatus) Type() string { return "dust" }

// AppendStatus appends "DEV BEHAVIOUR LOGGING".
func (s DustStatus) AppendStatus(b []byte) []byte {
	return appendLine(b).fields(0, s.fields()).extra(s.Extra).b
}

func parseDustStatus(params string) (Status, error) {
	var s DustStatus
	p := statusParams(s.Type(), params)
	s.Extra = p.all(s.fields())
	return s, p.end()
}
