package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/units"
)

// prefix begins the name of every device that peers makes.
const prefix = "roktest-peers-"

// stand makes the devices that operations are measured on, and removes them.
type stand struct {
	conn    *dm.Conn
	devices []*dm.Device
}

func deviceName(i int) string { return fmt.Sprintf("%s%04d", prefix, i) }

func zeros(length units.Sectors) dm.Table {
	return dm.Table{{Length: length, Target: dm.Zero{}}}
}

// grow makes devices until there are n. A new one has no I/O to wait for and
// no node that would have to be made.
func (s *stand) grow(ctx context.Context, n int) error {
	for i := len(s.devices); i < n; i++ {
		d, err := s.conn.Create(ctx, dm.CreateRequest{Name: deviceName(i), Table: zeros(1 << 30)})
		if err != nil {
			return err
		}
		s.devices = append(s.devices, d)
	}
	return nil
}

// segments is a table of n linear segments on the stand's second device. Each
// skips a sector, so that no two of them could be one.
func (s *stand) segments(n int) (dm.Table, error) {
	base, err := s.devices[1].Info()
	if err != nil {
		return nil, err
	}
	t := make(dm.Table, n)
	for i := range t {
		t[i] = dm.Segment{
			Start: units.Sectors(8 * i), Length: 8,
			Target: dm.Linear{Dev: dm.BlockDev{Dev: base.Dev}, Offset: units.Sectors(9 * i)},
		}
	}
	return t, nil
}

// remove removes the devices, the first one first: its inactive table is on the
// second.
func (s *stand) remove() error {
	var errs []error
	for _, d := range s.devices {
		errs = append(errs, d.Remove(context.Background(), dm.RemoveOptions{}))
	}
	s.devices = nil
	return errors.Join(errs...)
}
