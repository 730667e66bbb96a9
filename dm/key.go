package dm

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Key is a key as a table has it: hexadecimal digits, or for [Crypt] the name
// of a key in the kernel's keyring, ":SIZE:TYPE:DESCRIPTION". The zero value
// is no key. Printing one, also as JSON, shows what Redact leaves.
type Key string

// KeyOf is the key of these bytes.
func KeyOf(b []byte) Key { return Key(hex.EncodeToString(b)) }

// KeyType is a type of the kernel's keyring.
type KeyType string

// The types that crypt_set_keyring_key of drivers/md/dm-crypt.c takes.
const (
	KeyLogon     KeyType = "logon"
	KeyUser      KeyType = "user"
	KeyEncrypted KeyType = "encrypted"
	KeyTrusted   KeyType = "trusted"
)

// KeyringKey names a key of size bytes in the kernel's keyring, which the
// loader of the table must be able to find. It is not a secret.
func KeyringKey(size int, typ KeyType, description string) Key {
	return Key(":" + strconv.Itoa(size) + ":" + string(typ) + ":" + description)
}

// InKeyring reports whether k names a key rather than being one.
func (k Key) InKeyring() bool { return strings.HasPrefix(string(k), ":") }

// Redact returns zeros of the same length, or k where it only names a key.
func (k Key) Redact() Key {
	if k.InKeyring() {
		return k
	}
	return Key(strings.Repeat("0", len(k)))
}

// Format prints the redacted key, whatever the verb.
func (k Key) Format(f fmt.State, verb rune) {
	redacted := string(k.Redact())
	if verb == 'q' || verb == 'v' && f.Flag('#') {
		redacted = strconv.Quote(redacted)
	}
	_, _ = f.Write([]byte(redacted)) // a fmt.State has no way to fail
}

// MarshalText returns the redacted key, so that no document holds a real one.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.Redact()), nil }

// keyField lets a key stand in a list of fields: no key is "-".
type keyField struct{ at *Key }

func (v keyField) read(p *params, name string) {
	if w := p.word(name); w != "-" {
		*v.at = Key(w)
	}
}

func (v keyField) word() string {
	if *v.at == "" {
		return "-"
	}
	return string(*v.at)
}

func (v keyField) check() error { return v.at.check() }

// check fails where k is not one word, without showing it.
func (k Key) check() error {
	if k != "" && checkWords(string(k)) != nil {
		return errors.New("blank in a key")
	}
	return nil
}

// redactText zeroes what may be a key in words of secret targets that are not
// understood: runs of 16 and more hexadecimal digits, and what stands behind
// the second colon of a word.
func redactText(s string) string {
	b := []byte(s)
	colons, digits := 0, 0
	for i, c := range b {
		switch {
		case c == ' ':
			colons, digits = 0, 0
			continue
		case c == ':':
			colons++
		}
		if digits++; !isHex(c) {
			digits = 0
		}
		switch {
		case colons > 2 || colons == 2 && c != ':' || digits > 16:
			b[i] = '0'
		case digits == 16:
			copy(b[i-15:], "0000000000000000")
		}
	}
	return string(b)
}

func redactWords(words []string) []string {
	var redacted []string
	for _, w := range words {
		redacted = append(redacted, redactText(w))
	}
	return redacted
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// printRedacted prints v, a redacted target without methods, as f asks for.
func printRedacted(f fmt.State, verb rune, v any) {
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), v) // a fmt.State has no way to fail
}
