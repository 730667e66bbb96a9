package composer

import (
	"fmt"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/units"
)

// Defaults are what new maps are made with where neither the caller nor a base says. The
// zero value is v3 with blocks of 4 MiB.
type Defaults struct {
	// Version is composer.map_version: 3 or 4; 0 is 3.
	Version int
	// Degree is composerd.maptree_degree, of v4 maps: 0 is flat.
	Degree int
	// BlockSize is a power of two from 64 KiB to 16 MiB; 0 is 4 MiB.
	BlockSize units.Bytes
}

// Asked is what the caller wants of new maps; what it leaves out, the base or the defaults say.
type Asked struct {
	Version   int         // 0: not asked
	Degree    *int        // nil: not asked; 0: flat
	BlockSize units.Bytes // 0: not asked
}

// shape is that of a new map. base is nil where there is none.
func (a Asked) shape(d Defaults, base *maps.Map, hash maps.Hash, size units.Bytes) (maps.Shape, error) {
	s := maps.Shape{Version: d.Version, BlockSize: d.BlockSize, Hash: hash, Size: size}
	if s.Version == 0 {
		s.Version = 3
	}
	if s.Version == 4 {
		s.Degree = d.Degree
	}
	if base != nil {
		s.Version, s.Degree, s.BlockSize = base.Version, base.Degree, base.BlockSize
	}
	if a.Version != 0 && a.Version != s.Version {
		s.Version, s.Degree = a.Version, 0
		if a.Version == 4 {
			s.Degree = d.Degree
		}
	}
	if a.Degree != nil {
		if s.Version == 3 && a.Version == 0 && *a.Degree != 0 {
			return s, fmt.Errorf("composer: degree %d: the map is v3, which has none; ask for version 4 too: %w", *a.Degree, maps.ErrShape)
		}
		s.Degree = *a.Degree
	}
	if a.BlockSize != 0 {
		s.BlockSize = a.BlockSize
	}
	return s.Complete()
}
