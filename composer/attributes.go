package composer

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/rok-storage/rok/maps"
)

// Attributes of the maps that [Register] makes. What else is in a map's attributes is kept.
const (
	AttributeCreated  = "created"  // when, RFC 3339 in UTC
	AttributeSource   = "source"   // what was read, in words
	AttributeGroup    = "group"    // one id for all maps that were registered together
	AttributeMembers  = "group-of" // how many those are
	AttributePrevious = "previous" // the root of the map that was replaced
	labelPrefix       = "label/"   // of labels, which belong to the user
)

// Label is what a user says about a map.
type Label struct {
	Key   string // letters, digits, and ._/- in between; at most 128 bytes
	Value string // printable; at most 4,096 bytes
}

// CheckLabel tells whether a label can be given. Errors match [ErrLabel].
func CheckLabel(l Label) error {
	switch {
	case len(l.Key) > 128 || !regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?$`).MatchString(l.Key):
		return fmt.Errorf("composer: label %.40q: letters and digits, with . _ / - in between, at most 128: %w", l.Key, ErrLabel)
	case len(l.Value) > 4096 || strings.ContainsFunc(l.Value, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return fmt.Errorf("composer: label %s: value of more than 4096 bytes, or with control characters: %w", l.Key, ErrLabel)
	}
	return nil
}

// Labels are those of a map, in the order of their keys.
func Labels(m *maps.Map) []Label {
	var labels []Label
	for _, a := range m.Attributes {
		if key, ok := strings.CutPrefix(a.Key, labelPrefix); ok {
			labels = append(labels, Label{key, a.Value})
		}
	}
	return labels
}

// Created is when a map's volume was registered; the zero time where nobody says.
func Created(m *maps.Map) time.Time {
	t, err := time.Parse(time.RFC3339Nano, attribute(m.Attributes, AttributeCreated))
	if err != nil {
		return time.Time{}
	}
	return t
}

// attribute is the value of a key, or "".
func attribute(all []maps.Attribute, key string) string {
	for _, a := range all {
		if a.Key == key {
			return a.Value
		}
	}
	return ""
}

// withAttributes are all with others in place of those of the same keys; an empty value takes one away.
func withAttributes(all []maps.Attribute, others ...maps.Attribute) []maps.Attribute {
	var result []maps.Attribute
	for _, a := range all {
		if !slices.ContainsFunc(others, func(o maps.Attribute) bool { return o.Key == a.Key }) {
			result = append(result, a)
		}
	}
	for _, o := range others {
		if o.Value != "" {
			result = append(result, o)
		}
	}
	slices.SortFunc(result, func(a, b maps.Attribute) int { return cmp.Compare(a.Key, b.Key) })
	return result
}
