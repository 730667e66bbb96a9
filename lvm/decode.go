package lvm

import (
	"errors"
	"strings"

	"github.com/rok-storage/rok/lvm/text"
)

// Form is how a VG's text is laid out.
type Form uint8

const (
	// OnDisk is the form in metadata areas: the VG first, from the first byte on,
	// which lvm2 takes its name from, without indentation; what the text says of
	// its making last, and a NUL.
	OnDisk Form = iota
	// Backup is the form of backup and archive files: what the text says of its
	// making first, then the VG, with indentation and comments.
	Backup
)

// Parse reads the text of a metadata area, and refuses what lvm2 does not accept:
// the error is a [*text.Error], which says where, and often wraps a [*Fault].
// The VG's strings are parts of the text.
func Parse(src string) (*VG, error) { return parse(src, OnDisk) }

// ParseBackup is [Parse] for a backup file. It takes the other form too.
func ParseBackup(src string) (*VG, error) { return parse(src, Backup) }

func parse(src string, form Form) (*VG, error) {
	d := decoder{r: text.NewReader(src), form: form}
	vg, err := d.decode()
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, l := range vg.faults() {
		if errs = append(errs, d.place(l)); len(errs) == maxPlaced {
			break // to find a place costs the whole text
		}
	}
	if errs != nil {
		return nil, errors.Join(errs...)
	}
	return vg, nil
}

// Decode is [Parse] or [ParseBackup] without [VG.Validate]: it reads a VG whose
// parts do not fit together, for those who mend it.
func Decode(src string, form Form) (*VG, error) {
	d := decoder{r: text.NewReader(src), form: form}
	return d.decode()
}

// decoder reads one text.
type decoder struct {
	r    *text.Reader
	form Form
	vg   *VG

	pvNames []string       // as they are in the text, by the index in vg.PVs
	pvIndex map[string]int // the same; nil until it is needed
	vgAt    int
	pvAt    []int // where they are in the text
	lvAt    []int
	stripes int // stripe_count of the segment that is read

	lists []list // that were read before

	// What is allocated many at once.
	lvs      slab[LV]
	segments slab[Segment]
	striped  slab[Striped]
	areas    slab[Area]
	thins    slab[Thin]
}

// list is a list of the text that was read before, which is shared.
type list struct {
	raw   string
	words []string
}

// maxPlaced is how many faults of a text are returned with their places.
const maxPlaced = 50

// maxLists bounds how many lists are compared with a new one.
const maxLists = 16

func (d *decoder) decode() (*VG, error) {
	d.vg = &VG{}
	d.origin()
	if err := d.r.Err(); err != nil {
		return nil, err
	}
	return d.vg, nil
}

// words reads a list of words.
func (d *decoder) words() []string {
	for i := range d.lists {
		if d.r.Literal(d.lists[i].raw) {
			return d.lists[i].words
		}
	}
	raw := d.r.Raw()
	node := text.Node{Raw: raw}
	values, err := node.Values()
	if err != nil {
		return nil // the reader has the fault
	}
	words := make([]string, len(values))
	for i, v := range values {
		if v.Kind != text.String {
			d.r.Fail(d.r.ValueOffset()+v.Offset, &Fault{Object: "list", Name: d.r.Key(), What: "a number among its words", Err: ErrStructure})
			return nil
		}
		words[i] = v.Text
	}
	if len(words) == 0 {
		words = nil
	}
	if strings.HasPrefix(raw, "[") {
		l := list{raw: strings.Clone(raw), words: words}
		if len(d.lists) < maxLists {
			d.lists = append(d.lists, l)
		} else {
			d.lists[len(raw)%maxLists] = l
		}
	}
	return words
}

// id reads an ID.
func (d *decoder) id() ID {
	id, err := ParseID(d.r.Text())
	if err != nil {
		d.r.Fail(d.r.ValueOffset(), err)
	}
	return id
}

// pvOf returns the index of the PV that the text calls name, or -1.
func (d *decoder) pvOf(name string) int {
	// In a text of lvm2's, pvN is the one of index N.
	n := -1
	if numbered(name, "pv") && len(name) < len("pv")+7 {
		n = 0
		for _, c := range []byte(name[len("pv"):]) {
			n = n*10 + int(c-'0')
		}
	}
	if n >= 0 && n < len(d.pvNames) && d.pvNames[n] == name {
		return n
	}
	if d.pvIndex == nil {
		d.pvIndex = make(map[string]int, len(d.pvNames))
		for i, name := range d.pvNames {
			d.pvIndex[name] = i
		}
	}
	if i, ok := d.pvIndex[name]; ok {
		return i
	}
	return -1
}

// place says where in the text a fault is.
func (d *decoder) place(l located) error {
	offset := 0
	switch {
	case l.lv >= 0:
		offset = d.lvAt[l.lv]
	case l.pv >= 0:
		offset = d.pvAt[l.pv]
	default:
		offset = d.vgAt
	}
	return d.r.ErrorAt(offset, l.fault)
}

// slab allocates values many at once.
type slab[T any] struct {
	free []T
	size int // of the next one
}

// How many values are allocated at once: few for a VG of one LV, and more each
// time for one of thousands.
const (
	firstSlab = 2
	lastSlab  = 512
)

// take returns n new values in a slice of their own.
func (s *slab[T]) take(n int) []T {
	if n > len(s.free) {
		s.size = min(max(2*s.size, firstSlab), lastSlab)
		s.free = make([]T, max(n, s.size))
	}
	taken := s.free[:n:n]
	s.free = s.free[n:]
	return taken
}

// one returns a new value.
func (s *slab[T]) one() *T { return &s.take(1)[0] }
