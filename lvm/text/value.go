package text

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// Kind is what a [Value] is.
type Kind uint8

// The kinds. lvm2 does not tell an array of one value from the value.
const (
	String Kind = iota // in quotation marks, or bare
	Int
	Float
)

// String is the kind in words.
func (k Kind) String() string {
	switch k {
	case Int:
		return "an integer"
	case Float:
		return "a float"
	}
	return "a string"
}

// Value is a scalar, or an element of an array.
type Value struct {
	Kind   Kind
	Text   string // what a string stands for; a number as it stands in the text
	Int    int64
	Offset int // where it begins
	End    int // behind its last byte
}

// scalar reads the value at i. In an array a string cannot be without quotes,
// and a number needs a comma in front of it unless it is the first.
func (r *Reader) scalar(i int, inArray, numbers bool) (v Value, ok bool) {
	src := r.src
	if i == len(src) {
		r.fail(i, "a value")
		return v, false
	}
	v.Offset = i
	switch c := src[i]; {
	case c == '"' || c == '\'':
		end, ok := quoted(src, i)
		if !ok {
			r.fail(i, "a string that ends with a quotation mark")
			return v, false
		}
		v.Text, v.End = unquote(src[i:end]), end
		return v, true
	case '0' <= c && c <= '9' || c == '.' || c == '+' || c == '-':
		if !numbers {
			r.fail(i, "',' or ']'")
			return v, false
		}
		return r.number(i)
	case c == '@' && (numbers || !inArray) || !inArray && c != '[' && c != ']' && c != ',' && !endsWord[c]:
		end := i
		for end < len(src) && !endsWord[src[end]] {
			end++
		}
		v.Text, v.End = src[i:end], end
		return v, true
	}
	r.fail(i, "a value")
	return v, false
}

// number reads an integer, octal where it begins with 0, or a float without an
// exponent. lvm2 has no hexadecimal ones: it ends a number at the x.
func (r *Reader) number(i int) (v Value, ok bool) {
	src, start := r.src, i
	v.Offset, v.Kind = i, Int
	if src[i] == '+' || src[i] == '-' {
		i++
	}
	digits := i
	for i < len(src) && ('0' <= src[i] && src[i] <= '9' || src[i] == '.' && v.Kind == Int) {
		if src[i] == '.' {
			v.Kind = Float
		}
		i++
	}
	v.Text, v.End = src[start:i], i
	if v.Kind == Float {
		return v, true
	}
	base := 10
	if i > digits+1 && src[digits] == '0' {
		base = 8
	}
	if base == 10 && i-digits < 19 && i > digits { // no overflow
		for _, c := range []byte(src[digits:i]) {
			v.Int = v.Int*10 + int64(c-'0')
		}
		if src[start] == '-' {
			v.Int = -v.Int
		}
		return v, true
	}
	n, err := strconv.ParseInt(v.Text, base, 64)
	if err != nil {
		r.fail(start, "an integer of 64 bits, octal where it begins with 0")
		return v, false
	}
	v.Int = n
	return v, true
}

// skipValue returns the end of the value that begins at i.
func (r *Reader) skipValue(i int) int {
	if i == len(r.src) || r.src[i] != '[' {
		v, _ := r.scalar(i, false, true)
		return v.End
	}
	end, _, _ := r.array(i, nil)
	return end
}

// array appends the elements of the array at i to dst, if it is not nil, and
// counts them.
func (r *Reader) array(i int, dst *[]Value) (end, n int, ok bool) {
	src := r.src
	i = skipSpace(src, i+1)
	if i < len(src) && src[i] == ']' {
		return i + 1, 0, true
	}
	for numbers := true; ; {
		v, ok := r.scalar(i, true, numbers)
		if !ok {
			return i, n, false
		}
		n++
		if dst != nil {
			*dst = append(*dst, v)
		}
		i = skipSpace(src, v.End)
		if numbers = i < len(src) && src[i] == ','; numbers {
			i = skipSpace(src, i+1)
		}
		if i < len(src) && src[i] == ']' {
			return i + 1, n, true
		}
	}
}

// fewBytes is how long an array may be whose elements are not counted first.
const fewBytes = 512

// fewValues is room for most of the arrays of a text, which are lists of flags.
const fewValues = 3

// count returns how many elements the array at i has, up to a fault.
func (r *Reader) count(i int) int {
	counter := Reader{src: r.src} // which keeps the fault
	_, n, _ := counter.array(i, nil)
	return n
}

// Values reads the value as its elements: those of an array, or one scalar. What
// it returns is overwritten by the next call.
func (r *Reader) Values() []Value {
	if !r.take() {
		return nil
	}
	r.values = r.values[:0]
	if r.pos < len(r.src) && r.src[r.pos] == '[' {
		if few := r.src[r.pos:min(r.pos+fewBytes, len(r.src))]; strings.IndexByte(few, ']') < 0 {
			r.values = slices.Grow(r.values, r.count(r.pos))
		} else if r.values == nil {
			r.values = make([]Value, 0, fewValues)
		}
		end, _, ok := r.array(r.pos, &r.values)
		if !ok {
			return nil
		}
		r.pos = end
		return r.values
	}
	v, ok := r.scalar(r.pos, false, true)
	if !ok {
		return nil
	}
	r.pos = v.End
	r.values = append(r.values, v)
	return r.values
}

// one reads the value, which is a scalar or an array of one.
func (r *Reader) one(kind Kind) (v Value, ok bool) {
	at := r.pos
	if at < len(r.src) && r.src[at] == '[' {
		values := r.Values()
		if r.err != nil {
			return v, false
		}
		if len(values) != 1 {
			r.fail(at, kind.String())
			return v, false
		}
		v = values[0]
	} else {
		if !r.take() {
			return v, false
		}
		if v, ok = r.scalar(at, false, true); !ok {
			return v, false
		}
		r.pos = v.End
	}
	if v.Kind != kind {
		r.fail(v.Offset, kind.String())
		return v, false
	}
	return v, true
}

// Text reads a string.
func (r *Reader) Text() string {
	if r.pending && r.pos < len(r.src) && r.src[r.pos] == '"' { // the usual case
		start := r.pos + 1
		for i := start; i < len(r.src); i++ {
			if c := r.src[i]; c == '"' {
				r.pending, r.pos = false, i+1
				return r.src[start:i]
			} else if c == '\\' {
				break
			}
		}
	}
	v, _ := r.one(String)
	return v.Text
}

// Int reads an integer of at least low and at most high.
func (r *Reader) Int(low, high int64) int64 {
	if n, end := decimal(r.src, r.pos); r.pending && end > r.pos && low <= n && n <= high {
		r.pending, r.pos = false, end
		return n
	}
	v, ok := r.one(Int)
	if ok && (v.Int < low || v.Int > high) {
		r.fail(v.Offset, "an integer from "+strconv.FormatInt(low, 10)+" to "+strconv.FormatInt(high, 10))
		return 0
	}
	return v.Int
}

// decimal reads the digits at i if they are few and a line ends behind them,
// which is the usual case, and returns where they end; otherwise i.
func decimal(src string, i int) (n int64, end int) {
	const few = 18 // that do not overflow
	for end = i; end < len(src) && end < i+few; end++ {
		c := src[end] - '0'
		if c > 9 {
			if src[end] == '\n' && (src[i] != '0' || end == i+1) {
				return n, end
			}
			break
		}
		n = n*10 + int64(c)
	}
	return 0, i
}

// Uint32 reads an integer of at most 32 bits.
func (r *Reader) Uint32() uint32 { return uint32(r.Int(0, math.MaxUint32)) }

// Uint64 reads an integer that is not negative.
func (r *Reader) Uint64() uint64 { return uint64(r.Int(0, math.MaxInt64)) }

// Strings reads an array of strings, or one string. It is nil for an empty one.
func (r *Reader) Strings() []string {
	values := r.Values()
	if len(values) == 0 {
		return nil
	}
	list := make([]string, len(values))
	for i, v := range values {
		if v.Kind != String {
			r.fail(v.Offset, String.String())
			return nil
		}
		list[i] = v.Text
	}
	return list
}
