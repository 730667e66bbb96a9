package host

import (
	"errors"
	"fmt"
	"regexp"
)

// Filter is a list of patterns as in devices/filter: which devices lvm2 looks
// at. A nil Filter takes all.
type Filter struct {
	patterns []pattern
	total    bool // the last one matches any path
}

type pattern struct {
	accept bool
	plain  *plainPattern  // nil: re
	re     *regexp.Regexp // compiled only for what is not plain: it takes longer than all the rest of a filter
}

func (p *pattern) matches(path string) bool {
	if p.plain != nil {
		return p.plain.matches(path)
	}
	return p.re.MatchString(path)
}

// FilterError says which pattern of a filter is none.
type FilterError struct {
	Pattern string
	Err     error
}

// Error prints, for example, `pattern "x|sda|": begins with neither a nor r`.
func (e *FilterError) Error() string { return fmt.Sprintf("pattern %q: %v", e.Pattern, e.Err) }

// Unwrap returns Err.
func (e *FilterError) Unwrap() error { return e.Err }

var (
	errNoPatterns = errors.New("no patterns")
	errPattern    = errors.New("begins with neither a nor r")
	errDelimiter  = errors.New("does not end with its delimiter")
)

// ParseFilter reads patterns such as "a|^/dev/sd|" and "r/.*/": accept or
// reject, then a regular expression between two delimiters, any character, or
// a pair of brackets. lib/filters/filter-regex.c. It fails with a
// [*FilterError], and where there are no patterns, as lvm2 does.
func ParseFilter(patterns []string) (*Filter, error) {
	if len(patterns) == 0 {
		return nil, errNoPatterns
	}
	f := new(Filter)
	for _, p := range patterns {
		parsed, err := parsePattern(p)
		if err != nil {
			return nil, &FilterError{Pattern: p, Err: err}
		}
		f.patterns = append(f.patterns, parsed)
		f.total = p[2:len(p)-1] == ".*"
	}
	return f, nil
}

func parsePattern(p string) (pattern, error) {
	if p == "" || p[0] != 'a' && p[0] != 'r' {
		return pattern{}, errPattern
	}
	if len(p) < 3 {
		return pattern{}, errDelimiter
	}
	end := p[1]
	switch end {
	case '(':
		end = ')'
	case '[':
		end = ']'
	case '{':
		end = '}'
	}
	if p[len(p)-1] != end {
		return pattern{}, errDelimiter
	}
	parsed := pattern{accept: p[0] == 'a', plain: parsePlain(p[2 : len(p)-1])}
	if parsed.plain != nil {
		return parsed, nil
	}
	translated, err := translateRegex(p[2 : len(p)-1])
	if err != nil {
		return pattern{}, err
	}
	parsed.re, err = regexp.Compile(translated)
	return parsed, err
}

// Accepts reports whether a device of the given paths, its node and all links
// to it, is taken. The first pattern that matches a path decides for the path.
// One path that is accepted is enough; else one that is rejected rejects; where
// no pattern matches any path, the device is taken.
func (f *Filter) Accepts(paths ...string) bool {
	if f == nil {
		return true
	}
	rejected := false
	for _, path := range paths {
		i := f.first(path)
		if i < 0 {
			continue
		}
		if f.patterns[i].accept {
			return true
		}
		rejected = true
	}
	return !rejected
}

// first is the index of the first pattern that matches, or -1.
func (f *Filter) first(path string) int {
	for i := range f.patterns {
		if f.patterns[i].matches(path) {
			return i
		}
	}
	return -1
}

// weighs reports whether it may matter that a link of that path leads to a device
// whose node is known: it is accepted, or rejected where the node need not match
// any pattern.
func (f *Filter) weighs(path string) bool {
	if f == nil {
		return false
	}
	i := f.first(path)
	return i >= 0 && (f.patterns[i].accept || !f.total)
}

// weighty are the only paths of links that weigh, where the patterns name them all:
// as where a few nodes are accepted, and all others rejected.
func (f *Filter) weighty() (paths []string, all bool) {
	if f == nil {
		return nil, true
	}
	for i := range f.patterns {
		p := &f.patterns[i]
		switch {
		case !p.accept && f.total:
		case p.plain != nil && p.plain.exact():
			paths = append(paths, p.plain.text)
		default:
			return nil, false
		}
	}
	return paths, true
}

// Filters reports whether there is a filter. Without one, [Host.Visible] needs no
// links.
func (h *Host) Filters() bool { return h.Settings.Filter != nil || h.Settings.GlobalFilter != nil }

// DecidingLinks are the only links that [Host.Visible] may need to know of, where
// that can be said without looking for them; see [Host.Decides].
func (h *Host) DecidingLinks() (paths []string, all bool) {
	paths, all = h.Settings.Filter.weighty()
	more, allGlobal := h.Settings.GlobalFilter.weighty()
	return append(paths, more...), all && allGlobal
}

// Decides reports whether [Host.Visible] may need to know that a link of that path
// leads to a device. Most of those below /dev do not matter.
func (h *Host) Decides(link string) bool {
	return h.Settings.Filter.weighs(link) || h.Settings.GlobalFilter.weighs(link)
}
