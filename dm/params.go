package dm

import (
	"strconv"
	"strings"

	"github.com/rok-storage/rok/units"
)

// params reads the words of one table or status line from left to right. The
// kernel sets one blank between two words; anything else is an error, because
// it would not print back the same. The first error stays, and every later
// read returns zero values, so that a parser checks once, at its end.
type params struct {
	target, line string
	rest         string
	words        int  // read so far
	done         bool // no word is left, not even an empty one
	err          error
}

func tableParams(target, s string) *params {
	return &params{target: target, line: "table", rest: s, done: s == ""}
}

func statusParams(target, s string) *params {
	return &params{target: target, line: "status", rest: s, done: s == ""}
}

// fail records that the word read last is wrong, or the next one if missing.
func (p *params) fail(reason string) {
	if p.err == nil {
		p.err = &ParamsError{Target: p.target, Line: p.line, Word: p.words, Reason: reason}
	}
}

// more reports whether a word is left. A blank at the end of the line is not
// a word: see extra.
func (p *params) more() bool {
	return p.err == nil && !p.done && p.rest != "" && p.rest[0] != ' '
}

// peek returns the next word without reading it, or "".
func (p *params) peek() string {
	if !p.more() {
		return ""
	}
	end := wordEnd(p.rest)
	return p.rest[:end]
}

// word reads the next word, which what names in the error.
func (p *params) word(what string) string {
	missing := !p.more()
	p.words++
	if missing {
		p.fail(what + ": missing")
		return ""
	}
	end := wordEnd(p.rest)
	w := p.rest[:end]
	if end == len(p.rest) {
		p.rest, p.done = "", true
	} else {
		p.rest = p.rest[end+1:]
	}
	if checkWords(w) != nil {
		p.fail(what + ": want one blank between words")
	}
	return w
}

// wordEnd is the length of the first word of s: up to a blank that no
// backslash escapes.
func wordEnd(s string) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case ' ':
			return i
		}
	}
	return len(s)
}

// literal reads the next word, which must be want.
func (p *params) literal(want string) {
	if p.word(strconv.Quote(want)) != want {
		p.fail("want " + strconv.Quote(want))
	}
}

// uint reads a decimal number of at most the given bits, in the one spelling
// that prints back the same.
func (p *params) uint(what string, bits int) uint64 {
	w := p.word(what)
	if p.err != nil {
		return 0
	}
	n, err := strconv.ParseUint(w, 10, bits)
	if err != nil || strconv.FormatUint(n, 10) != w {
		p.fail(what + ": want a number")
		return 0
	}
	return n
}

// int reads a decimal number that may be negative.
func (p *params) int(what string) int64 {
	w := p.word(what)
	if p.err != nil {
		return 0
	}
	n, err := strconv.ParseInt(w, 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != w {
		p.fail(what + ": want a number")
		return 0
	}
	return n
}

// sectors reads a number of sectors.
func (p *params) sectors(what string) units.Sectors { return units.Sectors(p.uint(what, 64)) }

// fraction reads "USED/TOTAL".
func (p *params) fraction(what string) (used, total uint64) {
	w := p.word(what)
	if p.err != nil {
		return 0, 0
	}
	a, b, _ := strings.Cut(w, "/")
	used, err1 := strconv.ParseUint(a, 10, 64)
	total, err2 := strconv.ParseUint(b, 10, 64)
	if err1 != nil || err2 != nil || string(appendFraction(nil, used, total)) != w {
		p.fail(what + ": want NUMBER/NUMBER")
		return 0, 0
	}
	return used, total
}

// dev reads a block device.
func (p *params) dev(what string) BlockDev {
	w := p.word(what)
	if p.err != nil {
		return BlockDev{}
	}
	d, err := parseBlockDev(w)
	if err != nil {
		p.fail(what + ": want MAJOR:MINOR or a path")
	}
	return d
}

// extra takes what is left of the line, with the blank before it: fields that
// a newer kernel added, or the blank that some targets print at the end. It
// goes back out as it is.
func (p *params) extra() string {
	if p.err != nil {
		return ""
	}
	rest := p.rest
	if !p.done && p.words > 0 {
		rest = " " + rest
	}
	p.rest, p.done = "", true
	return rest
}

// end fails if anything is left, and returns the error of the whole line.
func (p *params) end() error {
	if p.err == nil && !p.done {
		p.words++
		p.fail("nothing more expected")
	}
	return p.err
}

// line builds a table or status line, word by word.
type line struct {
	b     []byte
	start int
}

// appendLine starts a line behind b.
func appendLine(b []byte) *line { return &line{b: b, start: len(b)} }

func (l *line) sep() {
	if len(l.b) > l.start {
		l.b = append(l.b, ' ')
	}
}

func (l *line) word(w string) *line {
	l.sep()
	l.b = append(l.b, w...)
	return l
}

func (l *line) uint(n uint64) *line {
	l.sep()
	l.b = strconv.AppendUint(l.b, n, 10)
	return l
}

func (l *line) sectors(n units.Sectors) *line { return l.uint(uint64(n)) }

func (l *line) dev(d BlockDev) *line {
	l.sep()
	l.b = d.appendParam(l.b)
	return l
}

func (l *line) fraction(used, total uint64) *line {
	l.sep()
	l.b = appendFraction(l.b, used, total)
	return l
}

// extra appends what params.extra took.
func (l *line) extra(s string) *line {
	l.b = append(l.b, s...)
	return l
}

func appendFraction(b []byte, used, total uint64) []byte {
	b = strconv.AppendUint(b, used, 10)
	b = append(b, '/')
	return strconv.AppendUint(b, total, 10)
}
