package dm

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// value is what a [field] of a line may point to besides the plain types: it
// reads its word from the line and prints it again.
type value interface {
	read(p *params, name string)
	word() string
}

// checker is a value that a table line cannot always express.
type checker interface {
	check() error
}

// wordOption is an option that is one word by itself, with its value inside:
// "sector_size:4096".
type wordOption interface {
	// take reads word if it is this option, spelled as give prints it.
	take(name, word string) bool
	// give returns the option's word, or "" where it is not set.
	give(name string) string
}

// number is an unsigned number of a certain size. As an option it stands
// behind name and colon, and zero means that it is not set.
type number[T ~uint8 | ~uint16 | ~uint32 | ~uint64] struct{ at *T }

func (v number[T]) parse(word string) bool {
	n, err := strconv.ParseUint(word, 10, 64)
	if err != nil || strconv.FormatUint(uint64(T(n)), 10) != word {
		return false
	}
	*v.at = T(n)
	return true
}

func (v number[T]) read(p *params, name string) {
	if !v.parse(p.word(name)) {
		p.fail(name + ": want a number")
	}
}

func (v number[T]) word() string { return strconv.FormatUint(uint64(*v.at), 10) }

func (v number[T]) take(name, word string) bool {
	s, ok := strings.CutPrefix(word, name+":")
	return ok && s != "0" && v.parse(s)
}

func (v number[T]) give(name string) string {
	if *v.at == 0 {
		return ""
	}
	return name + ":" + v.word()
}

// duration is a number of a unit of time, at most 32 bits long.
type duration struct {
	at   *time.Duration
	unit time.Duration
}

func (v duration) read(p *params, name string) { *v.at = v.unit * time.Duration(p.uint(name, 32)) }
func (v duration) word() string                { return strconv.FormatInt(int64(*v.at/v.unit), 10) }

func (v duration) check() error {
	if *v.at < 0 || *v.at%v.unit != 0 || *v.at/v.unit > math.MaxUint32 {
		return fmt.Errorf("%v: not a 32-bit number of %v", *v.at, v.unit)
	}
	return nil
}

// maybe is an option NAME:VALUE that may be set to zero: nil means not set.
// inner makes the value to which the word is read.
type maybe[T any] struct {
	at    **T
	inner func(*T) value
}

func (v maybe[T]) take(name, word string) bool {
	s, ok := strings.CutPrefix(word, name+":")
	if !ok {
		return false
	}
	n := new(T)
	p := tableParams("", s)
	v.inner(n).read(p, name)
	if p.end() != nil {
		return false
	}
	*v.at = n
	return true
}

func (v maybe[T]) give(name string) string {
	if *v.at == nil {
		return ""
	}
	return name + ":" + v.inner(*v.at).word()
}

func (v maybe[T]) check() error {
	if *v.at == nil {
		return nil
	}
	if c, ok := v.inner(*v.at).(checker); ok {
		return c.check()
	}
	return nil
}

// needed is a device that must be one: not "-".
type needed struct{ at *BlockDev }

func (v needed) read(p *params, name string) { *v.at = p.device(name) }
func (v needed) word() string                { return v.at.String() }

func (v needed) check() error {
	if v.at.IsZero() {
		return errNoDevice
	}
	return nil
}

// colonDev is an option NAME:DEVICE, not set where there is no device.
type colonDev struct{ at *BlockDev }

func (v colonDev) take(name, word string) bool {
	s, ok := strings.CutPrefix(word, name+":")
	if !ok {
		return false
	}
	d, err := parseBlockDev(s)
	if err != nil || d.IsZero() {
		return false
	}
	*v.at = d
	return true
}

func (v colonDev) give(name string) string {
	if v.at.IsZero() {
		return ""
	}
	return name + ":" + v.at.String()
}

// oneOf is one of a few words. As an option the word stands for itself, and
// the zero value means that none is set.
type oneOf[S ~string] struct {
	at    *S
	words []S
}

func (v oneOf[S]) read(p *params, name string) {
	if w := S(p.word(name)); slices.Contains(v.words, w) {
		*v.at = w
		return
	}
	p.fail(fmt.Sprintf("%s: want one of %q", name, v.words))
}

func (v oneOf[S]) word() string { return string(*v.at) }

func (v oneOf[S]) take(_, word string) bool {
	if !slices.Contains(v.words, S(word)) {
		return false
	}
	*v.at = S(word)
	return true
}

func (v oneOf[S]) give(string) string { return string(*v.at) }

func (v oneOf[S]) check() error {
	if *v.at != "" && !slices.Contains(v.words, *v.at) {
		return fmt.Errorf("%q: want one of %q", *v.at, v.words)
	}
	return nil
}

// literal is a word that is always the same.
type literal string

func (v literal) read(p *params, _ string) { p.literal(string(v)) }
func (v literal) word() string             { return string(v) }

// length is the number of things of which the words follow. It only prints.
type length int

func (v length) read(p *params, name string) { p.fail(name + ": not read") }
func (v length) word() string                { return strconv.Itoa(int(v)) }

// group is an option that takes the words of several fields behind its name.
// It is set where isSet says so.
type group struct {
	isSet  func() bool
	fields []field
}

func (v group) read(p *params, name string) {
	p.fields(len(v.fields), v.fields)
	if !v.isSet() {
		p.fail(name + ": all zero")
	}
}

func (v group) check() error {
	if !v.isSet() {
		return nil
	}
	return checkFields(v.fields)
}

// checkFields says which field of list a table line cannot express.
func checkFields(list []field) error {
	for _, f := range list {
		var err error
		switch at := f.at.(type) {
		case checker:
			err = at.check()
		case *string:
			err = checkWords(*at)
		}
		if v, ok := f.at.(value); ok && err == nil && v.word() == "" {
			err = errEmpty
		}
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}

// appendFields appends a line that is list and, behind it, extra.
func appendFields(b []byte, list []field, extra string) ([]byte, error) {
	if err := checkFields(list); err != nil {
		return b, err
	}
	l := appendLine(b)
	if len(list) > 0 {
		l.fields(0, list)
	}
	return l.extra(extra).b, nil
}

// appendCounted appends a line that is list, the number of words of opts and
// other, these words, and extra. Without words the number is left out where
// the target allows it.
func appendCounted(b []byte, list, opts []field, other []string, countZero bool, extra string) ([]byte, error) {
	if err := checkOptions(opts, other); err != nil {
		return b, err
	}
	l := &line{start: len(b)}
	var err error
	if l.b, err = appendFields(b, list, ""); err != nil {
		return b, err
	}
	if words := options(opts, other); len(words) > 0 || countZero {
		l.counted(words)
	}
	return l.extra(extra).b, nil
}

// maybe reads list if the line has all of it in this place.
func (p *params) maybe(list []field) bool {
	before := *p
	if p.fields(len(list), list); p.err != nil && before.err == nil {
		*p = before
		return false
	}
	return p.err == nil
}

// all reads list and returns what follows it in the line.
func (p *params) all(list []field) (extra string) {
	p.fields(len(list), list)
	return p.extra()
}

// checkOptions says what of a list of options cannot be expressed.
func checkOptions(list []field, other []string) error {
	for _, f := range list {
		if c, ok := f.at.(checker); ok {
			if err := c.check(); err != nil {
				return fmt.Errorf("%s: %w", f.name, err)
			}
		}
		if s, ok := f.at.(*string); ok && *s != "" {
			if err := checkWords(*s); err != nil {
				return fmt.Errorf("%s: %w", f.name, err)
			}
		}
	}
	return checkWords(other...)
}

var (
	errNoDevice = errors.New("no device")
	errEmpty    = errors.New("not set")
)
