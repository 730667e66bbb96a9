package lvm

import (
	"math"
	"strconv"
	"time"

	"github.com/rok-storage/rok/lvm/text"
	"github.com/rok-storage/rok/units"
)

// printer prints a VG in one of the two forms, as lib/format_text/export.c does.
type printer struct {
	b      []byte
	form   Form
	depth  int // sections that are open
	zone   *time.Location
	vg     *VG
	pvs    map[ID]string // what the text calls the PVs
	lastPV ID            // the PV that was looked up last, and its name
	name   string
	// The time that was printed last, and its comment.
	lastTime    int64
	lastComment string

	unknown unknownEntries // of the object that is printed
}

// textDepth is the depth as package text has it.
func (p *printer) textDepth() int {
	if p.form == OnDisk {
		return text.OnDisk
	}
	return p.depth
}

func (p *printer) blank() { p.b = append(p.b, '\n') }

// key begins an assignment.
func (p *printer) key(key string) {
	p.indent()
	p.b = append(p.b, key...)
	p.b = append(p.b, " = "...)
}

func (p *printer) indent() {
	if p.form == Backup {
		for range p.depth {
			p.b = append(p.b, '\t')
		}
	}
}

// end ends an assignment, and prints what is not known and stood behind it.
func (p *printer) end(key string) {
	p.b = append(p.b, '\n')
	p.behind(key)
}

// comment ends the line with a comment, in a backup.
func (p *printer) comment(comment string) {
	if p.form == Backup {
		p.b = text.AppendComment(p.b, comment, p.depth)
	}
}

// open begins a section, behind an empty line.
func (p *printer) open(name string) {
	p.blank()
	p.head(name)
}

func (p *printer) head(name string) {
	p.indent()
	p.b = append(p.b, name...)
	p.b = append(p.b, " {\n"...)
	p.depth++
}

func (p *printer) close() {
	p.depth--
	p.indent()
	p.b = append(p.b, "}\n"...)
}

// unknownEntries are the entries of an object that are not known.
type unknownEntries struct {
	entries []Unknown
	printed []bool
}

// object begins to print an object with these entries that are not known, and
// returns those of the object around it, for leave.
func (p *printer) object(unknown []Unknown) (outer unknownEntries) {
	outer = p.unknown
	p.unknown = unknownEntries{entries: unknown}
	if len(unknown) > 0 {
		p.unknown.printed = make([]bool, len(unknown))
		p.behind("")
	}
	return outer
}

// leave ends the object: it prints what is not known and stood behind keys that
// are not there any more.
func (p *printer) leave(outer unknownEntries) {
	for i, printed := range p.unknown.printed {
		if !printed {
			p.entry(&p.unknown.entries[i].Node)
		}
	}
	p.unknown = outer
}

// behind prints the entries that are not known and stood behind that key.
func (p *printer) behind(key string) {
	if len(p.unknown.entries) > 0 {
		p.printBehind(key)
	}
}

func (p *printer) printBehind(key string) {
	for i := range p.unknown.entries {
		if u := &p.unknown.entries[i]; u.After == key && !p.unknown.printed[i] {
			p.unknown.printed[i] = true
			p.entry(&u.Node)
		}
	}
}

// entry prints an entry that is not known.
func (p *printer) entry(n *text.Node) {
	if n.Section && n.Key == vgKeys[vgHistory] {
		p.history(n)
		return
	}
	p.b = n.Append(p.b, p.textDepth())
}

// text prints a string.
func (p *printer) text(key, s string) {
	p.key(key)
	p.b = text.AppendString(p.b, s)
	p.end(key)
}

// textIf prints a string that is not empty.
func (p *printer) textIf(key, s string) {
	if s == "" {
		p.behind(key)
		return
	}
	p.text(key, s)
}

func (p *printer) id(key string, id ID) {
	p.key(key)
	p.b = append(p.b, '"')
	p.b = id.append(p.b)
	p.b = append(p.b, '"')
	p.end(key)
}

func (p *printer) number(key string, n uint64) {
	p.key(key)
	p.b = strconv.AppendUint(p.b, n, 10)
	p.end(key)
}

func (p *printer) signed(key string, n int64) {
	p.key(key)
	p.b = strconv.AppendInt(p.b, n, 10)
	p.end(key)
}

// size prints a number whose comment is a size.
func (p *printer) size(key string, n uint64, size units.Sectors) {
	p.key(key)
	p.b = strconv.AppendUint(p.b, n, 10)
	if p.form == Backup {
		p.comment(sizeComment(size))
	}
	p.end(key)
}

// words prints a list of words.
func (p *printer) words(key string, words []string) {
	p.key(key)
	p.b = append(p.b, '[')
	for i, w := range words {
		if i > 0 {
			p.b = append(p.b, ", "...)
		}
		p.b = text.AppendString(p.b, w)
	}
	p.b = append(p.b, ']')
	p.end(key)
}

// wordsIf prints a list of words that is not empty.
func (p *printer) wordsIf(key string, words []string) {
	if len(words) == 0 {
		p.behind(key)
		return
	}
	p.words(key, words)
}

// pv is what the text calls the PV.
func (p *printer) pv(id ID) string {
	if id != p.lastPV || p.name == "" {
		p.lastPV, p.name = id, p.pvs[id]
	}
	return p.name
}

// areas prints where the parts of a segment are: out_areas of
// lib/format_text/export.c.
func (p *printer) areas(key string, areas []Area) {
	p.key(key)
	p.b = append(p.b, "[\n"...)
	p.depth++
	for i := range areas {
		a := &areas[i]
		name := a.LV
		if name == "" {
			name = p.pv(a.PV)
		}
		p.indent()
		p.b = text.AppendString(p.b, name)
		p.b = append(p.b, ", "...)
		p.b = strconv.AppendUint(p.b, uint64(a.Start), 10)
		if i < len(areas)-1 {
			p.b = append(p.b, ',')
		}
		p.b = append(p.b, '\n')
	}
	p.depth--
	p.indent()
	p.b = append(p.b, ']')
	p.end(key)
}

// sizeComment is lvm2's comment for a size: _sectors_to_units of
// lib/format_text/export.c, which prints a double with %g.
func sizeComment(size units.Sectors) string {
	n := float64(size) / 2
	unitNames := [...]string{"Kilobytes", "Megabytes", "Gigabytes", "Terabytes", "Petabytes", "Exabytes"}
	i := 0
	for n > 1024 && i < len(unitNames)-1 {
		n /= 1024
		i++
	}
	return formatG(n) + " " + unitNames[i]
}

// formatG formats as %g of C: six digits, without zeros at the end.
func formatG(n float64) string {
	if n == 0 {
		return "0"
	}
	exponent := int(math.Floor(math.Log10(n)))
	if exponent < -4 || exponent >= 6 {
		return strconv.FormatFloat(n, 'e', -1, 64)
	}
	s := strconv.FormatFloat(n, 'f', max(5-exponent, 0), 64)
	for i := range len(s) {
		if s[i] == '.' {
			end := len(s)
			for s[end-1] == '0' {
				end--
			}
			if s[end-1] == '.' {
				end--
			}
			return s[:end]
		}
	}
	return s
}
