package composer

import (
	"io"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/units"
)

// Source is a volume to be registered. ReadAt is called by several goroutines at once. What a source
// knows besides, it tells by having the methods of [Sparse], [Tracked] or [Stamped].
type Source interface {
	io.ReaderAt
	// Size is the volume's.
	Size() units.Bytes
}

// Sparse is a source that knows where it has nothing but zeros.
type Sparse interface {
	// NextData is the first range from off on that may have anything else; of length 0 where
	// there is none.
	NextData(off units.Bytes) (maps.Range, error)
}

// Tracked is a source that knows what changed since its volume was last registered, as
// the map whose root is given. It says false where it does not.
type Tracked interface {
	Changed(root maps.ID) ([]maps.Range, bool, error)
}

// Stamped is a source that can tell whether it was written.
type Stamped interface {
	// Stamp is a text that is another one after any change. settled says that the last change is so
	// long ago that one more could not have left the same text; "" means that nobody knows.
	Stamp() (stamp string, settled bool, err error)
}

// Described is a source that can be named to people.
type Described interface {
	Describe() string
}

func stampOf(s Source) (string, bool, error) {
	if s, ok := s.(Stamped); ok {
		return s.Stamp()
	}
	return "", false, nil
}

func describe(s Source) string {
	if s, ok := s.(Described); ok {
		return s.Describe()
	}
	return ""
}
