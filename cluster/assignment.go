package cluster

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// Assignment is a variable with a value.
type Assignment struct {
	Name  string
	Value string // as it is, without quotes; "": unset
}

// ParseAssignment reads NAME=VALUE as [Assignment.String] prints it. A value that begins with a
// double quote is a quoted one, as Go quotes; all others are taken as they are. Errors match
// [ErrValue].
func ParseAssignment(text string) (Assignment, error) {
	name, value, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return Assignment{}, fmt.Errorf("%.100q: %w: want NAME=VALUE", text, ErrValue)
	}
	if strings.HasPrefix(value, `"`) {
		plain, err := strconv.Unquote(value)
		if err != nil {
			return Assignment{}, fmt.Errorf("%s: %w: it begins with a quote and is not quoted as rok-config get prints it", name, ErrValue)
		}
		value = plain
	}
	return Assignment{Name: name, Value: value}, nil
}

// String is one line without blanks around it: NAME=VALUE.
func (a Assignment) String() string { return a.Name + "=" + quote(a.Value) }

// quote quotes what a line, a shell's word or a terminal would not leave as it is.
func quote(value string) string {
	odd := func(c rune) bool { return c == '"' || c == '\\' || unicode.IsSpace(c) || !unicode.IsPrint(c) }
	if strings.ContainsFunc(value, odd) {
		return strconv.Quote(value)
	}
	return value
}
