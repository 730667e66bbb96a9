package composer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Policy says which maps of a series stay. The days and weeks are those of UTC; a week begins on Monday.
type Policy struct {
	Last   int // of the newest maps
	Daily  int // days, of which the newest map stays each
	Weekly int // weeks, likewise
}

// IsZero tells that nothing would stay.
func (p Policy) IsZero() bool { return p.Last <= 0 && p.Daily <= 0 && p.Weekly <= 0 }

// Retained is a map, and why it stays or goes.
type Retained struct {
	Listed
	Created time.Time
	Keep    []string // "last", "daily 2026-11-26", "weekly 2026-W48"; empty: it goes
}

// InSeries tells whether a map belongs to the series of a prefix: its name begins with it, at the end of a word. Backups belong to
// none.
func InSeries(name, prefix string) bool {
	rest, ok := strings.CutPrefix(name, prefix)
	if !ok || IsBackup(name) {
		return false
	}
	word := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	before, _ := utf8.DecodeLastRuneInString(prefix)
	after, _ := utf8.DecodeRuneInString(rest)
	return rest == "" || prefix == "" || !word(before) || !word(after)
}

// Retain decides which maps of a series stay, the newest first. A map that cannot be opened, or does not say when it was made,
// stays. It changes nothing.
func Retain(series []Listed, p Policy) []Retained {
	var all []Retained
	for _, l := range series {
		r := Retained{Listed: l}
		switch {
		case l.Err != nil:
			r.Keep = []string{"cannot be opened"}
		default:
			if r.Created = Created(l.Map); r.Created.IsZero() {
				r.Keep = []string{"does not say when it was made"}
			}
		}
		all = append(all, r)
	}
	slices.SortStableFunc(all, func(a, b Retained) int {
		return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(a.Name, b.Name))
	})
	keep(all, p.Last, func(i int, _ time.Time) string { return fmt.Sprintf("last %d", i+1) })
	keep(all, p.Daily, func(_ int, t time.Time) string { return t.Format("daily 2006-01-02") })
	keep(all, p.Weekly, func(_ int, t time.Time) string {
		year, week := t.ISOWeek()
		return fmt.Sprintf("weekly %d-W%02d", year, week)
	})
	return all
}

// keep keeps the newest map of each of the first n periods that there are.
func keep(all []Retained, n int, period func(int, time.Time) string) {
	last, seen := "", 0
	for i := range all {
		if all[i].Created.IsZero() {
			continue
		}
		name := period(seen, all[i].Created.UTC())
		if name == last {
			continue
		}
		if seen == n {
			return
		}
		last = name
		seen++
		all[i].Keep = append(all[i].Keep, name)
	}
}
