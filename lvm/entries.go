package lvm

import "fmt"

// entries walks over the entries of one object of the text, whose keys are
// known, and keeps the others.
type entries struct {
	d        *decoder
	offset   int      // where the object begins
	object   string   // what it is, for errors: "LV"
	name     string   // its name
	keys     []string // in lvm2's order
	sections int      // those from this index on are sections
	extra    string   // sections of this word and a number are known too, as index len(keys)
	unknown  *[]Unknown
	leave    bool // others are left to the caller, as index -1

	index int    // of the key that the walk is at; -1 at first
	last  int    // of the last one in keys
	after string // the last key that is known
	seen  uint32 // by index
}

// open begins a walk over the object that the reader is at.
func (d *decoder) open(object string, keys []string, unknown *[]Unknown) entries {
	return entries{
		d: d, offset: d.r.Offset(), object: object, name: d.r.Key(),
		keys: keys, sections: len(keys), unknown: unknown, last: -1,
	}
}

// next goes to the next entry whose key is known. Of keys that come twice, the
// first one counts in a metadata area and the last one in a file, which is what
// lvm2 2.03.16 does.
func (e *entries) next() bool {
	r := e.d.r
	for r.Next() {
		key := r.Key()
		i := keyIndex(e.keys, key, e.last+1)
		switch {
		case i >= 0 && r.Section() != (i >= e.sections):
			r.Fail(r.Offset(), e.fault(ErrStructure, "%s is an assignment where it must be a section, or a section where it must be none", key))
		case i >= 0 && e.has(i) && r.Section():
			r.Fail(r.Offset(), e.fault(ErrDuplicate, "two sections %s", key))
		case i >= 0 && e.has(i) && e.d.form == OnDisk:
			r.Skip()
		case i >= 0:
			e.seen |= 1 << i
			e.index, e.last, e.after = i, i, e.keys[i]
			return true
		case e.extra != "" && r.Section() && numbered(key, e.extra):
			e.index, e.after = len(e.keys), key
			return true
		case isPath(key):
			r.Fail(r.Offset(), e.fault(ErrStructure, "the key %q is a path", key))
		case e.leave:
			e.index = -1
			return true
		default:
			e.keep()
		}
	}
	return false
}

// keep keeps the entry as one that is not known.
func (e *entries) keep() {
	u := Unknown{After: e.after, Node: e.d.r.Node()}
	*e.unknown = append(*e.unknown, u)
}

// has reports whether the key of that index was there.
func (e *entries) has(index int) bool { return e.seen&(1<<index) != 0 }

// need fails the walk if one of the keys was not there.
func (e *entries) need(index ...int) {
	for _, i := range index {
		if !e.has(i) {
			e.d.r.Fail(e.offset, e.fault(ErrStructure, "no %s", e.keys[i]))
			return
		}
	}
}

// fault returns a fault of the object.
func (e *entries) fault(err error, format string, args ...any) *Fault {
	return &Fault{Object: e.object, Name: e.name, What: fmt.Sprintf(format, args...), Err: err}
}

// keyIndex returns which of the keys it is, or -1. It looks from next on first,
// where it is in a text of lvm2's.
func keyIndex(keys []string, key string, next int) int {
	for i := next; i < len(keys); i++ {
		if keys[i] == key {
			return i
		}
	}
	for i := 0; i < next && i < len(keys); i++ {
		if keys[i] == key {
			return i
		}
	}
	return -1
}

// numbered reports whether key is the word with digits behind it.
func numbered(key, word string) bool {
	if len(key) <= len(word) || key[:len(word)] != word {
		return false
	}
	for _, c := range []byte(key[len(word):]) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// isPath reports whether key is one of libdm's paths, which lead to another
// section than the one that they are in.
func isPath(key string) bool {
	for i := range len(key) {
		if key[i] == '/' {
			return true
		}
	}
	return false
}
