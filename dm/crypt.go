package dm

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/rok-storage/rok/units"
)

// Crypt encrypts what it writes to a device: target "crypt",
// drivers/md/dm-crypt.c. Its status is empty.
//
//	0 2048 crypt aes-cbc-essiv:sha256 babebabebabebabebabebabebabebabe 0 8:16 0
//	0 2048 crypt capi:xts(aes)-plain64 :64:logon:roktest:1 0 8:16 8 2 allow_discards sector_size:4096
//
// The zero value has no device and no cipher, which the kernel refuses. Crypt
// is a [Secret]; printing it shows no key.
type Crypt struct {
	// Cipher is "CIPHER[:KEYCOUNT]-CHAINMODE-IVMODE[:IVOPTS]" or
	// "capi:CIPHER-API-SPEC-IVMODE[:IVOPTS]".
	Cipher   string
	Key      Key           // none only for ciphers that take none
	IVOffset units.Sectors // added to the sector number before the IV is made
	Dev      BlockDev
	Offset   units.Sectors // where on Dev the encrypted data begins

	AllowDiscards       bool           // pass discards on: shows which sectors are free
	SameCPUCrypt        bool           // encrypt on the CPU that submitted the I/O
	HighPriority        bool           // high-priority work queues; newer than Linux 6.1
	SubmitFromCryptCPUs bool           // do not pass writes to a thread that sorts them
	NoReadWorkqueue     bool           // decrypt where the read completes
	NoWriteWorkqueue    bool           // encrypt where the write is submitted
	Integrity           CryptIntegrity // space for tags, from an integrity target below
	SectorSize          units.Bytes    // unit of encryption, 512 to 4096; zero is 512
	IVLargeSectors      bool           // count IVs in units of SectorSize
	IntegrityKeySize    units.Bytes    // of the authentication key in Key; zero is the digest's size; newer than Linux 6.1

	// Options that have no field here, with their arguments, in the line's
	// order.
	Other []string
	Extra string // what follows the options, verbatim
}

// CryptIntegrity is the space for each sector that the device under a [Crypt]
// keeps besides the data. The zero value is none.
type CryptIntegrity struct {
	TagSize uint32             // bytes for each sector
	Type    CryptIntegrityType // what is put there
}

// CryptIntegrityType is the use of the space for tags.
type CryptIntegrityType string

// The types of crypt_ctr_optional, dm-crypt.c.
const (
	CryptAEAD CryptIntegrityType = "aead" // an authentication tag, and the IV if it is random
	CryptNone CryptIntegrityType = "none" // the IV alone
)

// Type returns "crypt".
func (Crypt) Type() string { return "crypt" }

// Redact returns t with zeros for its key, and for whatever looks like one in
// the words that have no field.
func (t Crypt) Redact() Target {
	t.Key = t.Key.Redact()
	t.Other, t.Extra = redactWords(t.Other), redactText(t.Extra)
	return t
}

// plainCrypt is Crypt without methods.
type plainCrypt Crypt

// Format prints the redacted target, whatever the verb.
func (t Crypt) Format(f fmt.State, verb rune) {
	printRedacted(f, verb, plainCrypt(t.Redact().(Crypt)))
}

// MarshalJSON returns the redacted target.
func (t Crypt) MarshalJSON() ([]byte, error) {
	return json.Marshal(plainCrypt(t.Redact().(Crypt)))
}

func (t *Crypt) fields() []field {
	return []field{
		{"cipher", &t.Cipher},
		{"key", keyField{&t.Key}},
		{"iv offset", &t.IVOffset},
		{"device", needed{&t.Dev}},
		{"offset", &t.Offset},
	}
}

// options lists the options in the order of crypt_status.
func (t *Crypt) options() []field {
	return []field{
		{"allow_discards", &t.AllowDiscards},
		{"same_cpu_crypt", &t.SameCPUCrypt},
		{"high_priority", &t.HighPriority},
		{"submit_from_crypt_cpus", &t.SubmitFromCryptCPUs},
		{"no_read_workqueue", &t.NoReadWorkqueue},
		{"no_write_workqueue", &t.NoWriteWorkqueue},
		{"integrity", &t.Integrity},
		{"sector_size", number[units.Bytes]{&t.SectorSize}},
		{"iv_large_sectors", &t.IVLargeSectors},
		{"integrity_key_size", number[units.Bytes]{&t.IntegrityKeySize}},
	}
}

// AppendParams appends "CIPHER KEY IV-OFFSET DEV OFFSET #OPTIONS OPTION…", the
// number and the options only where there are some. It fails where Dev is not
// set, or a word is none; the error does not show the key.
func (t Crypt) AppendParams(b []byte) ([]byte, error) {
	return appendCounted(b, t.fields(), t.options(), t.Other, false, t.Extra)
}

func parseCrypt(s string) (Target, error) {
	var t Crypt
	p := tableParams(t.Type(), s)
	p.fields(5, t.fields())
	t.Other = p.options(p.maybeCount("number of options"), t.options())
	t.Extra = p.extra()
	return t, p.end()
}

func (i *CryptIntegrity) take(name, word string) bool {
	size, typ, _ := strings.Cut(strings.TrimPrefix(word, name+":"), ":")
	n, err := strconv.ParseUint(size, 10, 32)
	read := CryptIntegrity{TagSize: uint32(n), Type: CryptIntegrityType(typ)}
	if err != nil || read.give(name) != word || read.check() != nil {
		return false
	}
	*i = read
	return true
}

func (i *CryptIntegrity) give(name string) string {
	if *i == (CryptIntegrity{}) {
		return ""
	}
	return fmt.Sprintf("%s:%d:%s", name, i.TagSize, i.Type)
}

func (i *CryptIntegrity) check() error {
	if *i != (CryptIntegrity{}) && (i.TagSize == 0 || checkWords(string(i.Type)) != nil) {
		return errors.New("want a tag size and a type")
	}
	return nil
}
