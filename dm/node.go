package dm

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/rok-storage/rok/ioctl"
)

// NodePath is where the node of the device with the given name is, or would
// be.
func (c *Conn) NodePath(name string) string { return filepath.Join(c.cfg.Dir, NodeName(name)) }

// makeNode makes the node of the device, unless a right one is there: a link
// to the kernel's own node as udev makes it, or where the kernel makes none, a
// block device node as libdevmapper does.
func (c *Conn) makeNode(info Info) error {
	if c.leavesNodes() || CheckName(info.Name) != nil {
		return nil
	}
	path, dev := c.NodePath(info.Name), info.Dev.Uint64()
	// Mostly nothing is in its place, and one call makes the link.
	if c.kernelNodes.Load() && os.Symlink(kernelNodeFrom(info.Dev), path) == nil {
		return nil
	}
	if there, err := ioctl.NodeDev(path); err == nil && there == dev {
		return nil
	}
	if err := c.replaceNode(path, info.Dev); err != nil {
		return &Error{Op: "make node of", Device: info.Name, Err: err}
	}
	return nil
}

// kernelNodeFrom is the way from c's nodes to the kernel's own for dev.
func kernelNodeFrom(dev Dev) string { return fmt.Sprintf("../dm-%d", dev.Minor) }

// kernelNode reports whether the kernel's own node for dev is there. Where one
// is, the kernel makes them all: devtmpfs.
func (c *Conn) kernelNode(dev Dev) bool {
	there, err := ioctl.NodeDev(filepath.Join(c.cfg.Dir, kernelNodeFrom(dev)))
	is := err == nil && there == dev.Uint64()
	c.kernelNodes.Store(is)
	return is
}

func (c *Conn) leavesNodes() bool { return c.cfg.NoNodes && !c.udevRuns() }

// replaceNode puts the right node in place of a wrong one, in one step.
func (c *Conn) replaceNode(path string, dev Dev) error {
	if st, err := os.Lstat(path); err == nil && st.Mode().Type() != fs.ModeSymlink && st.Mode().Type() != fs.ModeDevice {
		return fmt.Errorf("%s is in the way and is no block device: %w", path, fs.ErrExist)
	}
	if err := os.MkdirAll(c.cfg.Dir, 0o755); err != nil {
		return err
	}
	// No device can have this name, since it begins with a dot and "#" is
	// followed by a number that no other process chose.
	temporary := filepath.Join(c.cfg.Dir, fmt.Sprintf(".rok#%d.%d", os.Getpid(), rand.Uint64()))
	var err error
	if c.kernelNode(dev) {
		err = os.Symlink(kernelNodeFrom(dev), temporary)
	} else {
		err = ioctl.MakeBlockNode(temporary, dev.Uint64())
	}
	if err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return nil
}

// removeNode removes the node of a device that is gone, or has another name
// now. A node of some other device is left alone.
func (c *Conn) removeNode(name string, dev Dev, opts UdevOptions) error {
	if c.leavesNodes() || CheckName(name) != nil {
		return nil
	}
	path := c.NodePath(name)
	if !nodeIsOf(path, dev) || opts.udevRuns(c) && c.reborn(name, dev) {
		return nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &Error{Op: "remove node of", Device: name, Err: err}
	}
	return nil
}

// reborn reports whether there is a device of this name and number again: while
// one waits for udev there is time to make it.
func (c *Conn) reborn(name string, dev Dev) bool {
	info, err := c.Device(ByName(name)).Info()
	return err == nil && info.Dev == dev
}

// nodeIsOf reports whether path is a node of dev, or a link to the node that
// the kernel had for it.
func nodeIsOf(path string, dev Dev) bool {
	target, err := os.Readlink(path)
	if err != nil { // it is no link, or nothing
		there, err := ioctl.NodeDev(path)
		return err == nil && there == dev.Uint64()
	}
	return strings.TrimPrefix(target, "../") == fmt.Sprintf("dm-%d", dev.Minor)
}
