package lvm

import (
	"errors"
	"fmt"

	"github.com/rok-storage/rok/ioctl"
)

// ID is the identity of a PV, VG or LV: 32 characters of 0-9, a-z and A-Z, as
// lib/uuid/uuid.c of lvm2 makes them. The zero value is no identity.
type ID [32]byte

// ErrID says that a text is not an [ID].
var ErrID = errors.New("not an LVM UUID")

const idAlphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// idGroups are the lengths between the dashes of an ID's text.
var idGroups = [...]int{6, 4, 4, 4, 4, 4, 6}

// NewID returns a random ID.
func NewID() ID {
	var id ID
	for i := 0; i < len(id); {
		var random [64]byte
		ioctl.ReadRandom(random[:])
		for _, b := range random {
			// 248 is the largest multiple of 62: every character is as likely.
			if b < 248 && i < len(id) {
				id[i] = idAlphabet[b%62]
				i++
			}
		}
	}
	return id
}

// ParseID reads the form with dashes, 6-4-4-4-4-4-6, and the one without that
// is in PV headers and in device-mapper's UUIDs. It fails with [ErrID].
func ParseID(text string) (ID, error) {
	var id ID
	switch len(text) {
	case len(id):
		copy(id[:], text)
	case len(id) + len(idGroups) - 1:
		at, to := 0, 0
		for g, n := range idGroups {
			if g > 0 {
				if text[at] != '-' {
					return ID{}, fmt.Errorf("%q: %w", text, ErrID)
				}
				at++
			}
			to += copy(id[to:], text[at:at+n])
			at += n
		}
	default:
		return ID{}, fmt.Errorf("%q: %w", text, ErrID)
	}
	for _, c := range id {
		// lvm2 takes '!' and '#' too, which its oldest versions made.
		if !alphanumeric(c) && c != '!' && c != '#' {
			return ID{}, fmt.Errorf("%q: %w", text, ErrID)
		}
	}
	return id, nil
}

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// IsZero reports whether id is no identity.
func (id ID) IsZero() bool { return id == ID{} }

// Compact is id without dashes. It is empty for the zero value.
func (id ID) Compact() string {
	if id.IsZero() {
		return ""
	}
	return string(id[:])
}

// String is id with dashes, as lvm2 prints it. It is empty for the zero value.
func (id ID) String() string {
	if id.IsZero() {
		return ""
	}
	return string(id.append(make([]byte, 0, len(id)+len(idGroups)-1)))
}

func (id ID) append(b []byte) []byte {
	at := 0
	for g, n := range idGroups {
		if g > 0 {
			b = append(b, '-')
		}
		b = append(b, id[at:at+n]...)
		at += n
	}
	return b
}
