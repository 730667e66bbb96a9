package linear

import (
	"errors"
	"fmt"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/units"
)

// Segment is a part of a volume: a run of sectors of one device.
type Segment struct {
	Dev dm.BlockDev
	Run Run
}

// Volume is a thick volume as its segments, in its own order. The zero value
// is empty, and has no table.
type Volume []Segment

// On returns the volume that has the given runs of one device.
func On(dev dm.BlockDev, runs []Run) Volume {
	v := make(Volume, len(runs))
	for i, r := range runs {
		v[i] = Segment{Dev: dev, Run: r}
	}
	return v
}

// Size is the number of sectors of v.
func (v Volume) Size() units.Sectors {
	var n units.Sectors
	for _, s := range v {
		n += s.Run.Length
	}
	return n
}

// Table is what makes v a device. Segments that continue each other on the
// same device become one. It fails where v is empty, a segment has no device
// or no sectors, or two segments share sectors.
func (v Volume) Table() (dm.Table, error) {
	if err := v.check(); err != nil {
		return nil, err
	}
	var t dm.Table
	for _, s := range v.merged() {
		t = append(t, dm.Segment{
			Start:  t.Size(),
			Length: s.Run.Length,
			Target: dm.Linear{Dev: s.Dev, Offset: s.Run.Start},
		})
	}
	return t, t.Validate()
}

func (v Volume) check() error {
	if len(v) == 0 {
		return errors.New("linear volume: no segment")
	}
	onDevice := map[dm.BlockDev][]Run{}
	for i, s := range v {
		switch {
		case s.Dev.IsZero():
			return fmt.Errorf("linear volume: segment %d: no device", i+1)
		case s.Run.Length == 0:
			return fmt.Errorf("linear volume: segment %d: length is zero", i+1)
		}
		onDevice[s.Dev] = append(onDevice[s.Dev], s.Run)
	}
	for dev, runs := range onDevice {
		if _, err := Normalize(runs); err != nil {
			return fmt.Errorf("linear volume on %v: %w", dev, err)
		}
	}
	return nil
}

// merged joins segments that continue each other.
func (v Volume) merged() Volume {
	var m Volume
	for _, s := range v {
		if last := len(m) - 1; last >= 0 && m[last].Dev == s.Dev && m[last].Run.End() == s.Run.Start {
			m[last].Run.Length += s.Run.Length
			continue
		}
		m = append(m, s)
	}
	return m
}

// FromTable reads a volume out of a table. It fails where the table is not one
// that [dm.Table.Validate] takes, has another target than linear, or says more
// of a segment than a volume can.
func FromTable(t dm.Table) (Volume, error) {
	if err := t.Validate(); err != nil {
		return nil, err
	}
	v := make(Volume, len(t))
	for i, s := range t {
		l, ok := s.Target.(dm.Linear)
		if !ok {
			return nil, fmt.Errorf("linear volume: segment %d: target %s, want linear", i+1, s.Target.Type())
		}
		if l.Extra != "" {
			return nil, fmt.Errorf("linear volume: segment %d: more than a device and an offset", i+1)
		}
		v[i] = Segment{Dev: l.Dev, Run: Run{Start: l.Offset, Length: s.Length}}
	}
	return v, nil
}
