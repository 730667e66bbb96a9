package dm

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rok-storage/rok/units"
)

// Integrity keeps a tag for each block of a device: target "integrity",
// drivers/md/dm-integrity.c. [IntegrityStatus] is its status.
//
//	0 2048 integrity 8:16 0 4 J 1 internal_hash:crc32c
//	0 2048 integrity 8:16 0 28 D 0
//
// The zero value has no device and no mode, which the kernel refuses. Options
// that are zero are left to the kernel's defaults; it prints all of them.
// Integrity is a [Secret]; printing it shows no key.
type Integrity struct {
	Dev             BlockDev
	ReservedSectors units.Sectors // where on Dev the target's own area begins
	TagSize         uint64        // bytes for each block; zero is "-": that of InternalHash
	Mode            IntegrityMode

	MetaDevice          BlockDev       // keeps the tags apart from the data
	BlockSize           units.Bytes    // 512 to 4096; zero is 512
	Recalculate         bool           // make all tags anew in the background
	ResetRecalculate    bool           // begin that from the first block
	AllowDiscards       bool           // only with InternalHash
	JournalSectors      *units.Sectors // for formatting; the kernel prints 0 where there is no journal
	InterleaveSectors   units.Sectors  // for formatting; a power of two
	BufferSectors       units.Sectors  // a power of two
	JournalWatermark    *uint32        // percent at which the journal is written back; nil is 50
	CommitTime          *time.Duration // whole milliseconds; nil is 10 seconds
	SectorsPerBit       units.Sectors  // of the bitmap; a power of two
	BitmapFlushInterval *time.Duration // whole milliseconds; nil is 10 seconds
	FixPadding          bool           // tag areas without needless padding
	FixHMAC             bool           // authenticate the superblock and the sections' numbers
	LegacyRecalculate   bool           // allow Recalculate with a keyed hash
	InternalHash        Algorithm      // makes the tags here; without it the target above does
	JournalCrypt        Algorithm
	JournalMAC          Algorithm

	// Options that have no field here, with their arguments, in the line's
	// order.
	Other []string
	Extra string // what follows the options, verbatim
}

// IntegrityMode is how an [Integrity] keeps data and tags together in a crash.
type IntegrityMode string

// The modes of dm_integrity_ctr.
const (
	IntegrityJournal  IntegrityMode = "J" // both go through a journal
	IntegrityBitmap   IntegrityMode = "B" // a bitmap says which tags to make anew
	IntegrityDirect   IntegrityMode = "D" // not at all
	IntegrityRecovery IntegrityMode = "R" // read-only, nothing is checked
	IntegrityInline   IntegrityMode = "I" // the device below keeps the tags; newer than Linux 6.1
)

// Algorithm is an algorithm of the kernel's crypto API and its key, if it
// takes one. The zero value is none.
type Algorithm struct {
	Name string // "crc32c", "hmac(sha256)"
	Key  Key    // hexadecimal digits
}

// Type returns "integrity".
func (Integrity) Type() string { return "integrity" }

// Redact returns t with zeros for its keys, and for whatever looks like one in
// the words that have no field.
func (t Integrity) Redact() Target {
	for _, a := range []*Algorithm{&t.InternalHash, &t.JournalCrypt, &t.JournalMAC} {
		a.Key = Key(strings.Repeat("0", len(a.Key)))
	}
	t.Other, t.Extra = redactWords(t.Other), redactText(t.Extra)
	return t
}

// plainIntegrity is Integrity without methods.
type plainIntegrity Integrity

// Format prints the redacted target, whatever the verb.
func (t Integrity) Format(f fmt.State, verb rune) {
	printRedacted(f, verb, plainIntegrity(t.Redact().(Integrity)))
}

// MarshalJSON returns the redacted target.
func (t Integrity) MarshalJSON() ([]byte, error) {
	return json.Marshal(plainIntegrity(t.Redact().(Integrity)))
}

func (t *Integrity) fields() []field {
	return []field{
		{"device", needed{&t.Dev}},
		{"reserved sectors", &t.ReservedSectors},
		{"tag size", numberOrDash{&t.TagSize}},
		{"mode", oneOf[IntegrityMode]{&t.Mode, []IntegrityMode{
			IntegrityJournal, IntegrityBitmap, IntegrityDirect, IntegrityRecovery, IntegrityInline,
		}}},
	}
}

// options lists the options in the order of dm_integrity_status.
func (t *Integrity) options() []field {
	return []field{
		{"meta_device", colonDev{&t.MetaDevice}},
		{"block_size", number[units.Bytes]{&t.BlockSize}},
		{"recalculate", &t.Recalculate},
		{"reset_recalculate", &t.ResetRecalculate},
		{"allow_discards", &t.AllowDiscards},
		{"journal_sectors", maybe[units.Sectors]{&t.JournalSectors, sectors}},
		{"interleave_sectors", number[units.Sectors]{&t.InterleaveSectors}},
		{"buffer_sectors", number[units.Sectors]{&t.BufferSectors}},
		{"journal_watermark", maybe[uint32]{&t.JournalWatermark, percent}},
		{"commit_time", maybe[time.Duration]{&t.CommitTime, milliseconds}},
		{"sectors_per_bit", number[units.Sectors]{&t.SectorsPerBit}},
		{"bitmap_flush_interval", maybe[time.Duration]{&t.BitmapFlushInterval, milliseconds}},
		{"fix_padding", &t.FixPadding},
		{"fix_hmac", &t.FixHMAC},
		{"legacy_recalculate", &t.LegacyRecalculate},
		{"internal_hash", &t.InternalHash},
		{"journal_crypt", &t.JournalCrypt},
		{"journal_mac", &t.JournalMAC},
	}
}

func sectors(n *units.Sectors) value      { return number[units.Sectors]{n} }
func percent(n *uint32) value             { return number[uint32]{n} }
func milliseconds(d *time.Duration) value { return duration{d, time.Millisecond} }

// AppendParams appends "DEV RESERVED-SECTORS TAG-SIZE MODE #OPTIONS OPTION…".
// It fails where Dev or Mode is not set, a time is not a number of
// milliseconds, or a word is none; the error does not show a key.
func (t Integrity) AppendParams(b []byte) ([]byte, error) {
	return appendCounted(b, t.fields(), t.options(), t.Other, true, t.Extra)
}

func parseIntegrity(s string) (Target, error) {
	var t Integrity
	p := tableParams(t.Type(), s)
	p.fields(4, t.fields())
	t.Other = p.options(p.uint("number of options", 16), t.options())
	t.Extra = p.extra()
	return t, p.end()
}

func (a *Algorithm) take(name, word string) bool {
	s, ok := strings.CutPrefix(word, name+":")
	if !ok {
		return false
	}
	algorithm, key, _ := strings.Cut(s, ":")
	read := Algorithm{Name: algorithm, Key: Key(key)}
	if read.give(name) != word || read.check() != nil {
		return false
	}
	*a = read
	return true
}

func (a *Algorithm) give(name string) string {
	switch {
	case *a == Algorithm{}:
		return ""
	case a.Key == "":
		return name + ":" + a.Name
	}
	return name + ":" + a.Name + ":" + string(a.Key)
}

func (a *Algorithm) check() error {
	if *a == (Algorithm{}) {
		return nil
	}
	if a.Key.InKeyring() {
		return errors.New("key: not from the keyring")
	}
	if err := a.Key.check(); err != nil {
		return err
	}
	return checkWords(a.Name)
}

// IntegrityStatus is the status of an [Integrity].
//
//	0 2048 integrity 0 2048 -
type IntegrityStatus struct {
	Mismatches          uint64         // tags that did not fit their blocks
	ProvidedDataSectors units.Sectors  // what of the device can be used
	Recalculated        *units.Sectors // how far Recalculate has come; nil where it is not under way
	Extra               string         // what follows in the line, verbatim
}

func (s *IntegrityStatus) fields() []field {
	return []field{
		{"mismatches", &s.Mismatches},
		{"provided data sectors", &s.ProvidedDataSectors},
		{"recalculated", sectorOrDash{&s.Recalculated}},
	}
}

// Type returns "integrity".
func (IntegrityStatus) Type() string { return "integrity" }

// AppendStatus appends "MISMATCHES PROVIDED-DATA-SECTORS RECALCULATED".
func (s IntegrityStatus) AppendStatus(b []byte) []byte {
	return appendLine(b).fields(0, s.fields()).extra(s.Extra).b
}

func parseIntegrityStatus(params string) (Status, error) {
	var s IntegrityStatus
	p := statusParams(s.Type(), params)
	s.Extra = p.all(s.fields())
	return s, p.end()
}
