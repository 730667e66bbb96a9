package engine

import "fmt"

// Kind names an engine. The zero value is PSync, fio's default.
type Kind uint8

const (
	// PSync is pread and pwrite, one at a time.
	PSync Kind = iota
	// LibAIO is io_submit and io_getevents, without the library of that name.
	// Before Linux 4.18 a sync waits for what is in flight and then blocks.
	LibAIO
	// URing is io_uring, Linux 5.11 or later.
	URing
)

// ParseKind reads fio's name of an engine: "psync" (or "sync"), "libaio",
// "io_uring".
func ParseKind(name string) (Kind, error) {
	switch name {
	case "psync", "sync":
		return PSync, nil
	case "libaio":
		return LibAIO, nil
	case "io_uring":
		return URing, nil
	}
	return 0, fmt.Errorf("engine: %q: %w", name, ErrUnavailable)
}

// String is fio's name of k.
func (k Kind) String() string {
	switch k {
	case PSync:
		return "psync"
	case LibAIO:
		return "libaio"
	case URing:
		return "io_uring"
	}
	return fmt.Sprintf("engine(%d)", uint8(k))
}

// MarshalText encodes k as [Kind.String].
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText decodes k as [ParseKind].
func (k *Kind) UnmarshalText(text []byte) (err error) {
	*k, err = ParseKind(string(text))
	return err
}
