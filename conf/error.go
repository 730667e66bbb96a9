package conf

import (
	"errors"
	"strconv"
)

var (
	// ErrSyntax says that a line, a name or a value is not of the format.
	ErrSyntax = errors.New("not of the format")
	// ErrTooLarge says that a text is longer than [MaxSize].
	ErrTooLarge = errors.New("too large for a configuration")
	// ErrDuplicate says that a section is there twice, or a key in its section.
	ErrDuplicate = errors.New("is there already")
	// ErrUnknownKey says that a section has a key that means nothing there.
	ErrUnknownKey = errors.New("unknown key")
	// ErrValue says that a value is not what its key wants.
	ErrValue = errors.New("wrong value")
)

// Error says where a configuration is wrong.
type Error struct {
	Path    string
	Line    int    // from 1; 0: not of a line
	Section string // empty: of none
	Key     string // empty: of none
	Err     error  // wraps one of the package's errors
}

// Error prints, for example, `/etc/rok/daemons.conf:7: [pool.data/tank]
// data_high: "lots": wrong value: want a share such as 80%`.
func (e *Error) Error() string {
	b := []byte(e.Path)
	if e.Line > 0 {
		b = strconv.AppendInt(append(b, ':'), int64(e.Line), 10)
	}
	b = append(b, ": "...)
	if e.Section != "" {
		b = append(append(append(b, '['), e.Section...), ']')
		if e.Key != "" {
			b = append(append(b, ' '), e.Key...)
		}
		b = append(b, ": "...)
	}
	return string(append(b, e.Err.Error()...))
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }
