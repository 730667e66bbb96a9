package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/lvm"
)

// activators are the ways of making a VG's volumes devices.
type activators struct {
	cfg     config
	disk    *lvmDisk
	vg      *lvm.VG
	pvs     map[lvm.ID]dm.Dev
	devices []*lvm.MappedDevice
	conn    *dm.Conn
	bare    *bare
}

// activator is one of them.
type activator struct {
	name     string
	up, down func(context.Context) error
	links    bool // it makes nodes and links
}

func newActivators(ctx context.Context, cfg config, d *lvmDisk) (a *activators, err error) {
	a = &activators{cfg: cfg, disk: d}
	g, err := lvm.ScanDevices([]*lvm.Device{d.device}, lvm.ScanOptions{}).VG(lvmVG)
	if err != nil {
		return nil, err
	}
	number, err := ioctl.NodeDev(d.loop.Path())
	if err != nil {
		return nil, err
	}
	a.vg, a.pvs = g.VG, map[lvm.ID]dm.Dev{g.VG.PVs[0].ID: dm.DevFromUint64(number)}
	if a.devices, err = a.vg.Stack(nil, lvm.StackOptions{PVs: a.pvs}); err != nil {
		return nil, err
	}
	if a.conn, err = dm.Open(&dm.Config{Udev: dm.UdevOff}); err != nil {
		return nil, err
	}
	if a.bare, err = openBare(); err != nil {
		return nil, errors.Join(err, a.conn.Close())
	}
	return a, nil
}

func (a *activators) close() error { return errors.Join(a.bare.close(), a.conn.Close()) }

// The places of the contenders.
const (
	upRok = iota
	upLVM2
	upLibrary
	upOne
	upBare
	upBareLinks
)

func (a *activators) contenders() []activator {
	library, one := a.inProcess(0), a.inProcess(1)
	library.name, one.name = "package lvm", "package lvm, one worker"
	return []activator{
		upRok:     a.programs("rok", []string{a.cfg.rok, "vg", "activate", lvmVG}, []string{a.cfg.rok, "vg", "deactivate", lvmVG}),
		upLVM2:    a.programs("vgchange", []string{"vgchange", "-qq", "-ay", lvmVG}, []string{"vgchange", "-qq", "-an", lvmVG}),
		upLibrary: library, upOne: one,
		upBare: a.bareIoctls(false), upBareLinks: a.bareIoctls(true),
	}
}

func (a *activators) programs(name string, up, down []string) activator {
	do := func(argv []string) func(context.Context) error {
		return func(ctx context.Context) error { return (&command{name: name, argv: argv}).run(ctx, new(spent)) }
	}
	return activator{name: name, up: do(up), down: do(down), links: true}
}

// inProcess is the library, with so many workers; 0 leaves that to it.
func (a *activators) inProcess(workers int) activator {
	lib := lvm.NewActivator(a.conn, &lvm.ActivatorConfig{Workers: workers})
	return activator{links: true, up: func(ctx context.Context) error {
		_, err := lib.Activate(ctx, lvm.ActivateRequest{VG: a.vg, StackOptions: lvm.StackOptions{PVs: a.pvs}})
		return err
	}, down: func(ctx context.Context) error {
		return lib.Deactivate(ctx, lvm.DeactivateRequest{VG: a.vg})
	}}
}

// bareIoctls sends what makes and removes each device, encoded before, and with
// links makes and removes its node and its link, knowing that they are its own.
func (a *activators) bareIoctls(links bool) activator {
	var up, down [][]*request
	for _, d := range a.devices {
		create, err := encode(ioctl.DevCreate, 0, d.Name, ioctl.HeaderSize, nil)
		err = errors.Join(err, create.buffer.SetUUID(d.UUID))
		create.header = *create.buffer.Header()
		load, err2 := encode(ioctl.TableLoad, 0, d.Name, ioctl.HeaderSize, d.Table)
		resume, err3 := encode(ioctl.DevSuspend, 0, d.Name, ioctl.HeaderSize, nil)
		remove, err4 := encode(ioctl.DevRemove, 0, d.Name, ioctl.HeaderSize, nil)
		if err := errors.Join(err, err2, err3, err4); err != nil {
			fail := func(context.Context) error { return err }
			return activator{name: "bare ioctls", up: fail, down: fail}
		}
		up, down = append(up, []*request{create, load, resume}), append(down, []*request{remove})
	}
	act := activator{name: "bare ioctls", up: func(context.Context) error { return a.send(up, nil) },
		down: func(context.Context) error { return a.send(down, nil) }}
	if links {
		act.name, act.links = "bare ioctls, nodes and links", true
		act.up = func(context.Context) error {
			if err := os.Mkdir(a.dir(), 0o755); err != nil {
				return err
			}
			return a.send(up, a.mark)
		}
		act.down = func(context.Context) error {
			return errors.Join(a.send(down, a.unmark), os.Remove(a.dir()))
		}
	}
	return act
}

// send carries out the requests of each device, and calls then for it.
func (a *activators) send(requests [][]*request, then func(d *lvm.MappedDevice, h *ioctl.Header) error) error {
	for i, list := range requests {
		for _, r := range list {
			if err := a.bare.send(r); err != nil {
				return fmt.Errorf("%s of %s: %w", r.cmd, a.devices[i].Name, err)
			}
		}
		if then == nil {
			continue
		}
		if err := then(a.devices[i], list[len(list)-1].buffer.Header()); err != nil {
			return err
		}
	}
	return nil
}

func (a *activators) dir() string { return "/dev/" + lvmVG }

func (a *activators) mark(d *lvm.MappedDevice, h *ioctl.Header) error {
	node := "/dev/mapper/" + d.Name
	return errors.Join(
		os.Symlink(fmt.Sprintf("../dm-%d", dm.DevFromUint64(h.Dev).Minor), node),
		os.Symlink(node, filepath.Join(a.dir(), d.LV.Name)))
}

func (a *activators) unmark(d *lvm.MappedDevice, _ *ioctl.Header) error {
	return errors.Join(os.Remove("/dev/mapper/"+d.Name), os.Remove(filepath.Join(a.dir(), d.LV.Name)))
}

// check makes sure that so many devices are there, and as many links.
func (a *activators) check(devices int, links bool) error {
	entries, err := a.conn.ListMatching(dm.Filter{Name: lvm.DeviceName(lvmVG, "", lvm.LayerNone)})
	if err != nil {
		return err
	}
	left, err := os.ReadDir(a.dir())
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	want := 0
	if links {
		want = devices
	}
	if err == nil && (len(entries) != devices || len(left) != want) {
		err = fmt.Errorf("%d devices and %d links, want %d and %d", len(entries), len(left), devices, want)
	}
	return err
}

// takeBack removes the volume that was created, from the kernel and the disk.
func (a *activators) takeBack(ctx context.Context) error {
	device := a.conn.Device(dm.ByName(lvm.DeviceName(lvmVG, "new", lvm.LayerNone)))
	there, err := device.Exists()
	if there && err == nil {
		err = errors.Join(device.Remove(ctx, dm.RemoveOptions{}), os.Remove(filepath.Join(a.dir(), "new")))
	}
	return errors.Join(err, a.disk.restore())
}
