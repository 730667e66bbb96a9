package dm

import (
	"time"

	"github.com/rok-storage/rok/units"
)

// Flakey passes I/O on to a device for a while, misbehaves for a while, and so
// on in turns: target "flakey", drivers/md/dm-flakey.c. Its status is empty.
//
//	0 2048 flakey 8:16 0 5 10
//	0 2048 flakey 8:16 0 5 10 1 drop_writes
//	0 2048 flakey 8:16 0 5 10 5 corrupt_bio_byte 32 r 1 0
//
// With no feature set it misbehaves by failing all I/O. The zero value has no
// device, which the kernel refuses. Linux 6.1 prints a blank at the end, and a 0
// where there is no feature; both are then in Extra. Linux 6.12 prints
// error_reads and error_writes where there is no feature.
type Flakey struct {
	Dev          BlockDev
	Offset       units.Sectors // where on Dev the segment begins
	UpInterval   time.Duration // how long it behaves; whole seconds
	DownInterval time.Duration // how long it does not; whole seconds

	ErrorReads  bool // fail reads, keep writes; newer than Linux 6.1
	DropWrites  bool // lose writes and say that they are done; not with ErrorWrites
	ErrorWrites bool // fail writes, keep reads

	CorruptBioByte CorruptBioByte
	// RandomReadCorrupt and RandomWriteCorrupt are the chance that a random
	// byte of a read or write is replaced, in parts of 1000000000. Zero is
	// never. Newer than Linux 6.1.
	RandomReadCorrupt  uint64
	RandomWriteCorrupt uint64

	// Features that have no field here, with their arguments, in the line's
	// order.
	Other []string
	Extra string // what follows the features, verbatim
}

// CorruptBioByte says which byte of which I/O a [Flakey] replaces. The zero
// value is none.
type CorruptBioByte struct {
	Nth       uint32          // the byte, counted from 1
	Direction FlakeyDirection // of the I/O
	Value     uint8           // what is put there
	Flags     uint64          // only I/O with all of these REQ_ flags
}

// FlakeyDirection is the direction of the I/O that is corrupted.
type FlakeyDirection string

// The directions of parse_features, dm-flakey.c.
const (
	FlakeyRead  FlakeyDirection = "r"
	FlakeyWrite FlakeyDirection = "w" // neither with DropWrites nor with ErrorWrites
)

func (c *CorruptBioByte) fields() []field {
	return []field{
		{"Nth byte", &c.Nth},
		{"direction", oneOf[FlakeyDirection]{&c.Direction, []FlakeyDirection{FlakeyRead, FlakeyWrite}}},
		{"value", number[uint8]{&c.Value}},
		{"flags", &c.Flags},
	}
}

// Type returns "flakey".
func (Flakey) Type() string { return "flakey" }

func (t *Flakey) fields() []field {
	return []field{
		{"device", needed{&t.Dev}},
		{"offset", &t.Offset},
		{"up interval", duration{&t.UpInterval, time.Second}},
		{"down interval", duration{&t.DownInterval, time.Second}},
	}
}

// features lists the features in the order of flakey_status.
func (t *Flakey) features() []field {
	return []field{
		{"error_reads", &t.ErrorReads},
		{"drop_writes", &t.DropWrites},
		{"error_writes", &t.ErrorWrites},
		{"corrupt_bio_byte", group{
			func() bool { return t.CorruptBioByte != CorruptBioByte{} },
			t.CorruptBioByte.fields(),
		}},
		{"random_read_corrupt", chance(&t.RandomReadCorrupt)},
		{"random_write_corrupt", chance(&t.RandomWriteCorrupt)},
	}
}

func chance(n *uint64) group {
	return group{func() bool { return *n != 0 }, []field{{"chance", n}}}
}

// AppendParams appends "DEV OFFSET UP-INTERVAL DOWN-INTERVAL #FEATURES
// FEATURE…", the number and the features only where there are some. It fails
// where Dev is not set, an interval is not a number of seconds, or a word is
// none.
func (t Flakey) AppendParams(b []byte) ([]byte, error) {
	return appendCounted(b, t.fields(), t.features(), t.Other, false, t.Extra)
}

func parseFlakey(s string) (Target, error) {
	var t Flakey
	p := tableParams(t.Type(), s)
	p.fields(4, t.fields())
	t.Other = p.options(p.maybeCount("number of features"), t.features())
	t.Extra = p.extra()
	return t, p.end()
}
