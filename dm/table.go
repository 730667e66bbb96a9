package dm

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/units"
)

// Segment is one line of a table: what happens to Length sectors from Start.
type Segment struct {
	Start, Length units.Sectors
	Target        Target
}

// Table is what a device does: segments from sector 0 on, one behind the other
// without gaps. The zero value is the empty table, which a device without a
// table has.
type Table []Segment

// TableError says which segment of a table is wrong. Nothing was done.
type TableError struct {
	Segment int // from 1; 0: the table as a whole
	Err     error
}

// Error prints, for example, `segment 2: starts at sector 9, want 8`.
func (e *TableError) Error() string {
	if e.Segment == 0 {
		return "table: " + e.Err.Error()
	}
	return fmt.Sprintf("segment %d: %v", e.Segment, e.Err)
}

// Unwrap returns Err.
func (e *TableError) Unwrap() error { return e.Err }

// alone reports whether the target must be the only one of its table:
// DM_TARGET_SINGLETON in dm-thin.c, dm-mpath.c and dm-vdo-target.c.
func alone(typ string) bool { return typ == "thin-pool" || typ == "multipath" || typ == "vdo" }

// Validate reports whether t can be loaded: it is not empty, begins at sector
// 0, has no gap, no overlap and no empty segment, ends below 2^64 sectors, and
// a target that must be alone is. The error is a [*TableError].
func (t Table) Validate() error {
	if len(t) == 0 {
		return &TableError{Err: errors.New("no segment")}
	}
	var next units.Sectors
	var last string
	for i, s := range t {
		fail := func(format string, args ...any) error {
			return &TableError{Segment: i + 1, Err: fmt.Errorf(format, args...)}
		}
		switch {
		case s.Target == nil:
			return fail("no target")
		case s.Start != next:
			return fail("starts at sector %d, want %d", s.Start, next)
		case s.Length == 0:
			return fail("length is zero")
		}
		// Tables of thousands of segments have few types, in long runs.
		if typ := s.Target.Type(); i == 0 || typ != last {
			if len(t) > 1 && alone(typ) {
				return fail("target %s must be the only one of its table", typ)
			}
			if reason := checkString(typ, ioctl.MaxType); reason != "" {
				return fail("%w", &NameError{Kind: "target type", Value: typ, Reason: reason})
			}
			last = typ
		}
		var err error
		if next, err = next.Add(s.Length); err != nil {
			return fail("%w", err)
		}
	}
	return nil
}

// Size is where the last segment ends.
func (t Table) Size() units.Sectors {
	if len(t) == 0 {
		return 0
	}
	last := t[len(t)-1]
	return last.Start + last.Length
}

// Equal reports whether both tables have the same lines. Devices count as
// equal only where both tables name them in the same way: a table that the
// kernel printed has numbers.
func (t Table) Equal(u Table) bool {
	if len(t) != len(u) {
		return false
	}
	for i := range t {
		if t[i].Start != u[i].Start || t[i].Length != u[i].Length || t[i].Target.Type() != u[i].Target.Type() {
			return false
		}
		a, err1 := t[i].Target.AppendParams(nil)
		b, err2 := u[i].Target.AppendParams(nil)
		if err1 != nil || err2 != nil || !bytes.Equal(bytes.TrimRight(a, " "), bytes.TrimRight(b, " ")) {
			return false
		}
	}
	return true
}

// Redact returns a copy of t without key material, fit to be printed.
func (t Table) Redact() Table {
	redacted := make(Table, len(t))
	copy(redacted, t)
	for i, s := range t {
		if secret, ok := s.Target.(Secret); ok {
			redacted[i].Target = secret.Redact()
		}
	}
	return redacted
}

// secret reports whether t holds key material.
func (t Table) secret() bool {
	for _, s := range t {
		if _, ok := s.Target.(Secret); ok {
			return true
		}
	}
	return false
}

// AppendText appends t as dmsetup prints it, a line for each segment, keys
// included: see [Table.Redact].
func (t Table) AppendText(b []byte) ([]byte, error) {
	for i, s := range t {
		if i > 0 {
			b = append(b, '\n')
		}
		b = appendSegment(b, s.Start, s.Length, s.Target.Type())
		var err error
		if b, err = s.Target.AppendParams(append(b, ' ')); err != nil {
			return b, &TableError{Segment: i + 1, Err: err}
		}
	}
	return b, nil
}

func appendSegment(b []byte, start, length units.Sectors, typ string) []byte {
	b = strconv.AppendUint(b, uint64(start), 10)
	b = append(b, ' ')
	b = strconv.AppendUint(b, uint64(length), 10)
	b = append(b, ' ')
	return append(b, typ...)
}

// String prints t with keys replaced by zeros. For a table that cannot be
// printed it says why.
func (t Table) String() string {
	b, err := t.Redact().AppendText(nil)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// ParseTable reads a table as dmsetup takes and prints it: a line for each
// segment; empty lines and lines that begin with "#" are skipped. Targets that
// the package does not know become [Raw]. The result is not validated. The
// error is a [*TableError].
func ParseTable(text string) (Table, error) {
	var t Table
	for l := range strings.Lines(text) {
		l = strings.TrimSuffix(l, "\n")
		if strings.TrimSpace(l) == "" || l[0] == '#' {
			continue
		}
		start, length, typ, rest, err := cutSegment(l)
		if err != nil {
			return nil, &TableError{Segment: len(t) + 1, Err: err}
		}
		target, err := ParseTarget(typ, rest)
		if err != nil {
			return nil, &TableError{Segment: len(t) + 1, Err: err}
		}
		t = append(t, Segment{Start: start, Length: length, Target: target})
	}
	return t, nil
}

// cutSegment splits a line into start, length, type and the rest.
func cutSegment(l string) (start, length units.Sectors, typ, rest string, err error) {
	first, l, _ := strings.Cut(l, " ")
	second, l, _ := strings.Cut(l, " ")
	typ, rest, _ = strings.Cut(l, " ")
	a, err1 := strconv.ParseUint(first, 10, 64)
	b, err2 := strconv.ParseUint(second, 10, 64)
	if err1 != nil || err2 != nil || typ == "" {
		return 0, 0, "", "", errors.New("want START LENGTH TARGET …")
	}
	return units.Sectors(a), units.Sectors(b), typ, rest, nil
}
