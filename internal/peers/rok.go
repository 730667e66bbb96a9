package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/rok-storage/rok/dm"
)

// rok is package dm.
type rok struct{ conn *dm.Conn }

// openRok opens device-mapper as the other contenders use it: without udev,
// and unless nodes is set without nodes, which only dmsetup makes.
func openRok(nodes bool) (*rok, error) {
	conn, err := dm.Open(&dm.Config{Udev: dm.UdevOff, NoNodes: !nodes})
	if err != nil {
		return nil, err
	}
	return &rok{conn}, nil
}

func (*rok) name() string { return "rok" }

func (r *rok) version() operation {
	return func() error {
		_, err := r.conn.Version()
		return err
	}
}

// list reads the list, and of it the first device: a program that wants more
// goes on, in memory that is there.
func (r *rok) list(int) operation {
	names := new(dm.Names)
	return func() error {
		if err := r.conn.ReadNames(names); err != nil {
			return err
		}
		if !names.Next() {
			return errors.Join(errors.New("no device in the list"), names.Err())
		}
		return nil
	}
}

// values is list with all devices as values that the caller keeps.
func (r *rok) values(devices int) operation {
	return func() error {
		entries, err := r.conn.List()
		if err == nil && len(entries) < devices {
			err = fmt.Errorf("%d devices in the list, want %d", len(entries), devices)
		}
		return err
	}
}

func (r *rok) info(device string) operation {
	d, info := r.conn.Device(dm.ByName(device)), new(dm.Info)
	return func() error { return d.ReadInfo(info) }
}

func (r *rok) status(device string) operation {
	d, lines := r.conn.Device(dm.ByName(device)), new(dm.Lines)
	return func() error {
		if err := d.ReadStatus(lines, dm.StatusOptions{}); err != nil {
			return err
		}
		for lines.Next() {
		}
		return lines.Err()
	}
}

func (r *rok) load(device string, t dm.Table) operation {
	d := r.conn.Device(dm.ByName(device))
	return func() error { return d.Load(t, dm.TableOptions{}) }
}

// loadEncoded is load of a table that was encoded before.
func (r *rok) loadEncoded(device string, t dm.Table) operation {
	d := r.conn.Device(dm.ByName(device))
	encoded, err := t.Encode()
	if err != nil {
		return fails(err)
	}
	return func() error { return d.LoadEncoded(encoded, dm.TableOptions{}) }
}

func (r *rok) cycle(device string, t dm.Table) operation {
	return func() error {
		d, err := r.conn.Create(context.Background(), dm.CreateRequest{Name: device, Table: t})
		if err != nil {
			return err
		}
		return d.Remove(context.Background(), dm.RemoveOptions{})
	}
}

func (r *rok) close() error { return r.conn.Close() }
