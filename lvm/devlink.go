package lvm

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/ioctl"
)

// linkPath is where users find an LV: DEV/VG/LV. It fails for names that would
// lead somewhere else.
func (a *Activator) linkPath(vg, lv string) (string, error) {
	for _, name := range []string{vg, lv} {
		if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") {
			return "", fmt.Errorf("%q: %w", name, ErrName)
		}
	}
	return filepath.Join(a.cfg.Dev, vg, lv), nil
}

// link makes the link to a device, unless udev's rules have made it, or another
// one leads there: to its node below /dev/mapper, as lvm2 does without udev
// (_mk_link of lib/activate/fs.c). It replaces nothing but links.
func (a *Activator) link(vg string, d *MappedDevice) error {
	if a.cfg.NoLinks || !d.Link {
		return nil
	}
	path, err := a.linkPath(vg, d.LV.Name)
	if err != nil {
		return err
	}
	node := a.conn.NodePath(d.Name)
	err = os.Symlink(node, path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.Mkdir(filepath.Dir(path), 0o755); err == nil || errors.Is(err, fs.ErrExist) {
			err = os.Symlink(node, path)
		}
	}
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	there, err := os.Readlink(path)
	switch {
	case err != nil:
		return fmt.Errorf("%s is in the way: %w", path, err)
	case there == node || a.leadsTo(path, d.Name):
		return nil
	}
	if err := os.Remove(path); err != nil {
		return err
	}
	return os.Symlink(node, path)
}

// leadsTo reports whether path is a way to the device of the given name.
func (a *Activator) leadsTo(path, name string) bool {
	dev, err := ioctl.NodeDev(path)
	if err != nil {
		return false
	}
	node, err := ioctl.NodeDev(a.conn.NodePath(name))
	return err == nil && dev == node
}

// unlink removes the link to a device that is gone, or has another name now,
// unless udev's rules did. Links to something else stay.
func (a *Activator) unlink(vg, lv, name string, dev dm.Dev) error {
	if a.cfg.NoLinks {
		return nil
	}
	path, err := a.linkPath(vg, lv)
	if err != nil {
		return err
	}
	there, err := os.Readlink(path)
	if err != nil {
		return nil // nor is what is no link ours
	}
	if there != a.conn.NodePath(name) && filepath.Base(there) != fmt.Sprintf("dm-%d", dev.Minor) {
		return nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// unlinkVG removes the folder of a VG's links, if the last of them is gone.
func (a *Activator) unlinkVG(vg string) {
	if path, err := a.linkPath(vg, vg); err == nil && !a.cfg.NoLinks {
		_ = os.Remove(filepath.Dir(path))
	}
}

// unlinkRenamed removes the link to a device under the name that it had.
func (a *Activator) unlinkRenamed(s *DeviceStep) error {
	vg, lv, layer, ok := splitDeviceName(s.Has.Name)
	if !ok || layer != "" {
		return nil
	}
	err := a.unlink(vg, lv, s.Has.Name, s.Has.Dev)
	a.unlinkVG(vg)
	return err
}
