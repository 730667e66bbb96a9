package store

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rok-storage/rok/maps"
)

// MapInfo is what is known of a map without reading it.
type MapInfo struct {
	Name     string
	Size     int64  // bytes of the map's own object
	Version  string // opaque: differs where the bytes do, and may where they do not; may be empty in a listing
	Modified time.Time
}

// maxName is the longest name of a map in bytes: with its prefix it fits a key.
const maxName = 255

// CheckName tells whether a text can be a map's name: 1 to 255 bytes of printable UTF-8, in parts between slashes
// that are not empty and do not begin with a dot. Errors match [ErrName].
func CheckName(name string) error {
	bad := func(reason string) error { return fmt.Errorf("store: map name %.64q: %s: %w", name, reason, ErrName) }
	switch {
	case name == "":
		return bad("empty")
	case len(name) > maxName:
		return bad(fmt.Sprintf("longer than %d bytes", maxName))
	case !utf8.ValidString(name):
		return bad("not UTF-8")
	}
	for _, r := range name {
		if !unicode.IsPrint(r) || r == '\\' {
			return bad(fmt.Sprintf("has %q", r))
		}
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part[0] == '.' {
			return bad("has a part that is empty or begins with a dot")
		}
	}
	return nil
}

// Maps tells of all maps whose names begin with prefix, in the order of their names. An error is the last
// that comes.
func (s *Store) Maps(ctx context.Context, prefix string) iter.Seq2[MapInfo, error] {
	return func(yield func(MapInfo, error) bool) {
		for info, err := range s.bucket.List(ctx, mapPrefix+prefix) {
			if err != nil {
				yield(MapInfo{}, err)
				return
			}
			if !yield(s.mapInfo(strings.TrimPrefix(info.Key, mapPrefix), info), nil) {
				return
			}
		}
	}
}

// OpenMap opens a map. Errors match [ErrMissing] and those of [maps.Open].
func (s *Store) OpenMap(ctx context.Context, name string) (*maps.Map, MapInfo, error) {
	f, err := s.OpenFile(ctx, name)
	if err != nil {
		return nil, MapInfo{}, err
	}
	m, err := maps.Open(f, f.Size())
	if err != nil {
		return nil, f.MapInfo, fmt.Errorf("store: map %s in %s: %w", name, s.Address(), err)
	}
	return m, f.MapInfo, nil
}
