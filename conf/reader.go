package conf

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rok-storage/rok/internal/nearest"
	"github.com/rok-storage/rok/units"
)

// Reader reads the keys of a section. Each method returns what it is told to
// where the key is not there, or wrong; [Reader.Err] says all that was wrong.
type Reader struct {
	section *Section
	asked   []string
	faults  []*Error
}

// Reader begins to read a section.
func (s *Section) Reader() *Reader { return &Reader{section: s} }

// Err is nil, or what is wrong with the section, in the order of its lines:
// [*Error]s, joined, that match [ErrValue], or [ErrUnknownKey] for keys that no
// method was called for.
func (r *Reader) Err() error {
	faults := slices.Clone(r.faults)
	for _, e := range r.section.entries {
		if slices.ContainsFunc(r.asked, func(key string) bool { return sameKey(key, e.key) }) {
			continue
		}
		err := ErrUnknownKey
		if best, near := nearest.Of(e.key, r.asked); near {
			err = fmt.Errorf("%w; did you mean %s?", ErrUnknownKey, best)
		} else if best != "" {
			err = fmt.Errorf("%w; the nearest one is %s", ErrUnknownKey, best)
		}
		faults = append(faults, r.section.Error(e.key, err))
	}
	slices.SortStableFunc(faults, func(a, b *Error) int { return cmp.Compare(a.Line, b.Line) })
	var all []error
	for _, f := range faults {
		all = append(all, f)
	}
	return errors.Join(all...)
}

// Fail says that a key's value is wrong, for a reason of the caller's.
func (r *Reader) Fail(key, reason string, args ...any) {
	value, there := r.section.Value(key)
	err := fmt.Errorf("%w: %s", ErrValue, fmt.Sprintf(reason, args...))
	if there {
		err = fmt.Errorf("%s: %w", quoted(value), err)
	}
	r.faults = append(r.faults, r.section.Error(key, err))
}

// read has a value parsed.
func read[T any](r *Reader, key string, otherwise T, want string, parse func(string) (T, error)) T {
	r.asked = append(r.asked, key)
	value, there := r.section.Value(key)
	if !there {
		return otherwise
	}
	v, err := parse(value)
	if err != nil {
		r.Fail(key, "want %s", want)
		return otherwise
	}
	return v
}

// Has reports whether the section has a key.
func (r *Reader) Has(key string) bool {
	_, there := r.section.Value(key)
	return there
}

// Text is a value as it is written. An empty one is wrong.
func (r *Reader) Text(key, otherwise string) string {
	return read(r, key, otherwise, "something", func(s string) (string, error) {
		if s == "" {
			return "", ErrValue
		}
		return s, nil
	})
}

// Bool is true, yes, false or no.
func (r *Reader) Bool(key string, otherwise bool) bool {
	return read(r, key, otherwise, "true, yes, false or no", func(s string) (bool, error) {
		switch s {
		case "true", "yes":
			return true, nil
		case "false", "no":
			return false, nil
		}
		return false, ErrValue
	})
}

// Size is a size as [units.ParseBytes] reads it.
func (r *Reader) Size(key string, otherwise units.Bytes) units.Bytes {
	return read(r, key, otherwise, "a size such as 10GiB", units.ParseBytes)
}

// Percent is a whole number from 0 to 100 with a % behind it.
func (r *Reader) Percent(key string, otherwise int) int {
	return read(r, key, otherwise, "a share such as 80%, up to 100%", parsePercent)
}

func parsePercent(s string) (int, error) {
	number, sign := strings.CutSuffix(s, "%")
	n, err := strconv.ParseUint(strings.TrimRight(number, " "), 10, 8)
	if err != nil || !sign || n > 100 {
		return 0, ErrValue
	}
	return int(n), nil
}

// Amount is a share or a size: what of it is zero does not count.
type Amount struct {
	Percent int
	Size    units.Bytes
}

// IsZero reports whether a is nothing.
func (a Amount) IsZero() bool { return a == Amount{} }

// String prints a as [Reader.Amount] reads it.
func (a Amount) String() string {
	if a.Percent > 0 {
		return strconv.Itoa(a.Percent) + "%"
	}
	return a.Size.String()
}

// Amount is a share as [Reader.Percent] reads it, or a size.
func (r *Reader) Amount(key string, otherwise Amount) Amount {
	return read(r, key, otherwise, "a share such as 20%, or a size such as 10GiB", func(s string) (Amount, error) {
		if strings.HasSuffix(s, "%") {
			p, err := parsePercent(s)
			return Amount{Percent: p}, err
		}
		b, err := units.ParseBytes(s)
		return Amount{Size: b}, err
	})
}

// Duration is a time as [time.ParseDuration] reads it, not below 0.
func (r *Reader) Duration(key string, otherwise time.Duration) time.Duration {
	return read(r, key, otherwise, "a time such as 10s or 5m", func(s string) (time.Duration, error) {
		d, err := time.ParseDuration(s)
		if err == nil && d < 0 {
			err = ErrValue
		}
		return d, err
	})
}

// Choice is one of several words.
func (r *Reader) Choice(key, otherwise string, words ...string) string {
	return read(r, key, otherwise, strings.Join(words, ", "), func(s string) (string, error) {
		if !slices.Contains(words, s) {
			return "", ErrValue
		}
		return s, nil
	})
}

// Words is a list of words with blanks or commas between them; not there, it is
// empty.
func (r *Reader) Words(key string) []string {
	return read(r, key, nil, "words", func(s string) ([]string, error) {
		return strings.FieldsFunc(s, func(c rune) bool { return c == ' ' || c == '\t' || c == ',' }), nil
	})
}
