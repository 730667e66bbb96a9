package dm

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/rok-storage/rok/units"
)

// field binds a word of a line to the Go value that holds it, so that one list
// of fields says both how a line is read and how it is printed. at points to
// the value:
//
//	*uint64 *uint32 *units.Sectors   a number
//	*string                          any one word
//	*BlockDev                        a device, or "-"
//	ratio                            USED/TOTAL
//	numberOrDash                     a number, or "-" for zero
//	sectorOrDash                     a number, or "-" for nil
//	choice                           one of two words
//	*int64                           a number that may be negative
//	*Health *[]Health                a letter for one device, or for each
//	value                            see there
//
// and in a list of options, where the name of the field stands before the
// value and nothing is printed for a zero value:
//
//	*bool                            the name alone
//	**uint64 **int64 **units.Sectors a number that may be zero
//	*[]uint64                        a number; the option may come again
//	group                            the words of its fields
//	wordOption                       one word, see there
type field struct {
	name string
	at   any
}

type (
	ratio        struct{ used, total *uint64 }
	numberOrDash struct{ n *uint64 }
	sectorOrDash struct{ n **units.Sectors }
	choice       struct {
		on, off string
		b       *bool
	}
)

func (f field) read(p *params) {
	switch at := f.at.(type) {
	case *uint64:
		*at = p.uint(f.name, 64)
	case *uint32:
		*at = uint32(p.uint(f.name, 32))
	case *units.Sectors:
		*at = p.sectors(f.name)
	case *int64:
		*at = p.int(f.name)
	case *string:
		*at = p.word(f.name)
	case *Health:
		if w := p.word(f.name); len(w) == 1 {
			*at = Health(w[0])
		} else {
			p.fail(f.name + ": want one letter")
		}
	case *[]Health:
		*at = []Health(p.word(f.name))
	case *BlockDev:
		*at = p.dev(f.name)
	case ratio:
		*at.used, *at.total = p.fraction(f.name)
	case numberOrDash:
		if p.peek() == "-" {
			p.word(f.name)
		} else if *at.n = p.uint(f.name, 64); *at.n == 0 {
			p.fail(f.name + `: want a number above zero, or "-"`)
		}
	case sectorOrDash:
		if p.peek() == "-" {
			p.word(f.name)
		} else {
			*at.n = new(p.sectors(f.name))
		}
	case choice:
		switch p.word(f.name) {
		case at.on:
			*at.b = true
		case at.off:
			*at.b = false
		default:
			p.fail(fmt.Sprintf("%s: want %q or %q", f.name, at.on, at.off))
		}
	case *bool:
		*at = true
	case **uint64:
		*at = new(p.uint(f.name, 64))
	case **int64:
		*at = new(p.int(f.name))
	case **units.Sectors:
		*at = new(p.sectors(f.name))
	case *[]uint64:
		*at = append(*at, p.uint(f.name, 64))
	case group:
		at.read(p, f.name)
	case value:
		at.read(p, f.name)
	default:
		panic(fmt.Sprintf("dm: field %s is a %T", f.name, f.at))
	}
}

// word is the value as a line has it.
func (f field) word() string {
	switch at := f.at.(type) {
	case *uint64:
		return strconv.FormatUint(*at, 10)
	case *uint32:
		return strconv.FormatUint(uint64(*at), 10)
	case *units.Sectors:
		return strconv.FormatUint(uint64(*at), 10)
	case *int64:
		return strconv.FormatInt(*at, 10)
	case *string:
		return *at
	case *Health:
		return at.String()
	case *[]Health:
		return string(*at)
	case *BlockDev:
		return at.String()
	case ratio:
		return string(appendFraction(nil, *at.used, *at.total))
	case numberOrDash:
		if *at.n == 0 {
			return "-"
		}
		return strconv.FormatUint(*at.n, 10)
	case sectorOrDash:
		if *at.n == nil {
			return "-"
		}
		return strconv.FormatUint(uint64(**at.n), 10)
	case choice:
		if *at.b {
			return at.on
		}
		return at.off
	case value:
		return at.word()
	}
	panic(fmt.Sprintf("dm: field %s is a %T", f.name, f.at))
}

// fields reads list in its order. Kernels add fields at the end of a line as
// they grow, so what follows the first required ones may be absent. It returns
// how many were there.
func (p *params) fields(required int, list []field) int {
	for i, f := range list {
		if i >= required && !p.more() {
			return i
		}
		f.read(p)
	}
	return len(list)
}

// printed is fields, with zero for all of them.
func (p *params) printed(required int, list []field) int {
	n := p.fields(required, list)
	if n == len(list) {
		return 0
	}
	return n
}

// fields prints the first n fields of list, all of them where n is zero.
func (l *line) fields(n int, list []field) *line {
	if n <= 0 || n > len(list) {
		n = len(list)
	}
	for _, f := range list[:n] {
		l.word(f.word())
	}
	return l
}

// takes reports whether word begins the option f, and reads it if it is all
// of the option.
func (f field) takes(word string) bool {
	if at, ok := f.at.(wordOption); ok {
		return at.take(f.name, word)
	}
	return f.name == word
}

// device reads a device that must be one: not "-".
func (p *params) device(what string) BlockDev {
	d := p.dev(what)
	if d.IsZero() {
		p.fail(what + ": want MAJOR:MINOR or a path")
	}
	return d
}

// maybeDevice reads the next word if it is a device.
func (p *params) maybeDevice(what string) BlockDev {
	if d, err := parseBlockDev(p.peek()); err != nil || d.IsZero() {
		return BlockDev{}
	}
	return p.dev(what)
}

// list reads n words as they are.
func (p *params) list(n int, what string) []string {
	var words []string
	for ; n > 0 && p.err == nil; n-- {
		words = append(words, p.word(what))
	}
	return words
}

// checkWords fails unless each of words is one word of a table line.
func checkWords(words ...string) error {
	for _, w := range words {
		if w == "" {
			return errors.New("empty word")
		}
		for i := 0; i < len(w); i++ {
			switch w[i] {
			case '\\':
				i++
			case ' ', '\t', '\n', '\v', '\f', '\r', 0:
				return errors.New("blank in a word") // not which: it may hold a key
			}
		}
	}
	return nil
}

// counted appends the number of words and the words.
func (l *line) counted(words []string) *line {
	return l.uint(uint64(len(words))).words(words)
}

func (l *line) words(words []string) *line {
	for _, w := range words {
		l.word(w)
	}
	return l
}
