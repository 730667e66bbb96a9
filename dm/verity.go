package dm

import "github.com/rok-storage/rok/units"

// Verity reads a device and checks each block against a tree of hashes:
// target "verity", drivers/md/dm-verity-target.c. [VerityStatus] is its
// status. Its device is read-only.
//
//	0 2048 verity 1 8:16 8:32 4096 4096 256 1 sha256 DIGEST SALT 1 restart_on_corruption
//
// The zero value has no devices, which the kernel refuses.
type Verity struct {
	Version       uint32 // of the hash format: 1, or 0 for that of Chromium OS
	Dev           BlockDev
	HashDev       BlockDev    // may be Dev, with the tree behind the data
	DataBlockSize units.Bytes // a power of two, 32 bits
	HashBlockSize units.Bytes // a power of two, 32 bits
	DataBlocks    uint64      // how many there are
	HashStart     uint64      // where on HashDev the tree begins, in hash blocks
	Algorithm     string      // of the hash: "sha256"
	Digest        string      // hash of the root block, in hexadecimal
	Salt          string      // in hexadecimal, or "-" for none

	OnCorruption       VerityReaction // zero fails the read
	OnError            VerityReaction // on I/O errors; zero fails the read; newer than Linux 6.1
	IgnoreZeroBlocks   bool           // return zeros for blocks that should be zero, unread
	CheckAtMostOnce    bool           // check a block at its first read only
	TryVerifyInTasklet bool           // check in the context of the completion where possible
	FEC                VerityFEC
	RootHashSigKeyDesc string // name of a user key that holds the signature of Digest

	// Options that have no field here, with their arguments, in the line's
	// order.
	Other []string
	Extra string // what follows the options, verbatim
}

// VerityReaction is what a [Verity] does with a block that it cannot vouch for.
type VerityReaction string

// The reactions of verity_parse_opt_args, dm-verity-target.c.
const (
	VerityIgnoreCorruption    VerityReaction = "ignore_corruption" // log it and return the data
	VerityRestartOnCorruption VerityReaction = "restart_on_corruption"
	VerityPanicOnCorruption   VerityReaction = "panic_on_corruption"
	VerityRestartOnError      VerityReaction = "restart_on_error" // for OnError
	VerityPanicOnError        VerityReaction = "panic_on_error"   // for OnError
)

// VerityFEC is where a [Verity] finds the Reed-Solomon parity with which it
// repairs blocks. The zero value is none.
type VerityFEC struct {
	Dev    BlockDev // use_fec_from_device
	Blocks uint64   // how many blocks the parity covers: data, tree and what follows
	Start  uint64   // where on Dev the parity begins, in data blocks
	Roots  uint32   // parity bytes for each 255: 2 to 24
}

// isSet reports whether any of f is set.
func (f *VerityFEC) isSet() bool { return *f != VerityFEC{} }

func (f *VerityFEC) fields() []field {
	return []field{
		{"fec device", needed{&f.Dev}},
		{"fec_blocks", literal("fec_blocks")},
		{"fec_blocks", &f.Blocks},
		{"fec_start", literal("fec_start")},
		{"fec_start", &f.Start},
		{"fec_roots", literal("fec_roots")},
		{"fec_roots", &f.Roots},
	}
}

// Type returns "verity".
func (Verity) Type() string { return "verity" }

func (t *Verity) fields() []field {
	return []field{
		{"version", &t.Version},
		{"device", needed{&t.Dev}},
		{"hash device", needed{&t.HashDev}},
		{"data block size", number[units.Bytes]{&t.DataBlockSize}},
		{"hash block size", number[units.Bytes]{&t.HashBlockSize}},
		{"data blocks", &t.DataBlocks},
		{"hash start", &t.HashStart},
		{"algorithm", &t.Algorithm},
		{"digest", &t.Digest},
		{"salt", &t.Salt},
	}
}

// options lists the options in the order of verity_status.
func (t *Verity) options() []field {
	return []field{
		{"on corruption", oneOf[VerityReaction]{&t.OnCorruption, []VerityReaction{
			VerityIgnoreCorruption, VerityRestartOnCorruption, VerityPanicOnCorruption,
		}}},
		{"on error", oneOf[VerityReaction]{&t.OnError, []VerityReaction{VerityRestartOnError, VerityPanicOnError}}},
		{"ignore_zero_blocks", &t.IgnoreZeroBlocks},
		{"check_at_most_once", &t.CheckAtMostOnce},
		{"try_verify_in_tasklet", &t.TryVerifyInTasklet},
		{"use_fec_from_device", group{t.FEC.isSet, t.FEC.fields()}},
		{"root_hash_sig_key_desc", &t.RootHashSigKeyDesc},
	}
}

// AppendParams appends the line, and the number of options and the options
// where there are some. It fails where a device is not set, or a word is none.
func (t Verity) AppendParams(b []byte) ([]byte, error) {
	return appendCounted(b, t.fields(), t.options(), t.Other, false, t.Extra)
}

func parseVerity(s string) (Target, error) {
	var t Verity
	p := tableParams(t.Type(), s)
	p.fields(10, t.fields())
	t.Other = p.options(p.maybeCount("number of options"), t.options())
	t.Extra = p.extra()
	return t, p.end()
}

// VerityState is the verdict of a [Verity] on what was read so far.
type VerityState string

// The letters of verity_status.
const (
	VerityValid   VerityState = "V" // no corruption was seen
	VerityCorrupt VerityState = "C" // a block was corrupt, and perhaps repaired
)

// VerityStatus is the status of a [Verity].
//
//	0 2048 verity V
type VerityStatus struct {
	State VerityState
	Extra string // what follows in the line, verbatim
}

func (s *VerityStatus) fields() []field {
	return []field{{"state", oneOf[VerityState]{&s.State, []VerityState{VerityValid, VerityCorrupt}}}}
}

// Type returns "verity".
func (VerityStatus) Type() string { return "verity" }

// AppendStatus appends the letter.
func (s VerityStatus) AppendStatus(b []byte) []byte {
	return appendLine(b).fields(0, s.fields()).extra(s.Extra).b
}

func parseVerityStatus(params string) (Status, error) {
	var s VerityStatus
	p := statusParams(s.Type(), params)
	s.Extra = p.all(s.fields())
	return s, p.end()
}
