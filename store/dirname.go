package store

import (
	"strings"
)

// A key's parts become names of files like this:
//
//   - a to z, 0 to 9 and "-", ".", "_", "~" stay; each other byte is "%" and two hexadecimal digits. So file systems that fold
//     case or normalise Unicode keep different keys apart.
//   - What is too long for a name is cut: a piece of pieceSize bytes or up to two less, as escapes are not cut,
//     is a directory that ends in "=", and the rest is in it, even if nothing is left.
//   - Behind the last piece of a part that has others below it stands "+". So the object a is the file "a", and the object a/b
//     is the file "b" in the directory "a+".
//   - A last piece that is empty or begins with "." gets a "%" in front, which no escape is.
//
// What no key leads to, is not the bucket's, and is left alone: lost+found; @lock and @tmp are the bucket's own.
const (
	pieceSize = 200
	folder    = "+"
	cut       = "="
)

// place is where an object is: the names of the directories to go through, and the file's.
type place struct {
	dirs []string
	file string
}

// dir names the directory, as a key of tables.
func (p place) dir() string { return strings.Join(p.dirs, "/") }

// placeOf makes a valid key's place. Different keys have different places.
func placeOf(key string) place {
	var p place
	parts := strings.Split(key, "/")
	for i, part := range parts {
		pieces := escape(part)
		last := pieces[len(pieces)-1]
		for _, piece := range pieces[:len(pieces)-1] {
			p.dirs = append(p.dirs, piece+cut)
		}
		if i == len(parts)-1 {
			p.file = last
		} else {
			p.dirs = append(p.dirs, last+folder)
		}
	}
	return p
}

const hexDigits = "0123456789abcdef"

func plainByte(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}

// escape makes the pieces of one part of a key: all but the last of pieceSize-2 to pieceSize bytes, the last
// shorter.
func escape(part string) []string {
	var pieces []string
	var b strings.Builder
	guard := func() {
		if b.Len() == 0 {
			b.WriteByte('%')
		}
	}
	for i := range len(part) {
		c := part[i]
		if c == '.' {
			guard()
		}
		if plainByte(c) {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hexDigits[c>>4], hexDigits[c&15]})
		}
		if b.Len() >= pieceSize-2 {
			pieces = append(pieces, b.String())
			b.Reset()
		}
	}
	guard()
	return append(pieces, b.String())
}

// entryKind is what the name of a file says that it is.
type entryKind int

const (
	foreign entryKind = iota // not the bucket's
	object                   // an object's file
	below                    // a directory of keys that go on with a slash
	further                  // a directory of keys whose part goes on
)

// unescape reads a name: what it is, and the bytes of the key that it stands for. Whether placeOf would make that very
// name, only the whole key tells.
func unescape(name string) (string, entryKind) {
	kind := object
	if s, ok := strings.CutSuffix(name, folder); ok {
		name, kind = s, below
	} else if s, ok := strings.CutSuffix(name, cut); ok {
		name, kind = s, further
	}
	if name == "%" {
		return "", kind
	}
	if strings.HasPrefix(name, "%.") {
		name = name[1:]
	}
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case plainByte(c):
			b.WriteByte(c)
		case c == '%' && i+2 < len(name):
			high, low := strings.IndexByte(hexDigits, name[i+1]), strings.IndexByte(hexDigits, name[i+2])
			if high < 0 || low < 0 {
				return "", foreign
			}
			b.WriteByte(byte(high<<4 | low))
			i += 2
		default:
			return "", foreign
		}
	}
	return b.String(), kind
}
