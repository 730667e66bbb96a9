package host

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/ioctl"
)

// DeviceID is what a device is known by in the devices file, and in the text of
// its VG (device_id_type and device_id).
type DeviceID struct {
	Type string // IDWWID, …
	Name string // without white space
}

// The types of ids that lvm2 2.03.16 has, idtype_to_str in
// lib/device/device_id.c, but for drbd and loop devices without a file, which
// have none.
const (
	IDWWID      = "sys_wwid"   // device/wwid, wwid
	IDSerial    = "sys_serial" // device/serial
	IDMultipath = "mpath_uuid" // dm/uuid
	IDCrypt     = "crypt_uuid" // dm/uuid
	IDLV        = "lvmlv_uuid" // dm/uuid
	IDMD        = "md_uuid"    // md/uuid
	IDLoop      = "loop_file"  // loop/backing_file
	IDName      = "devname"    // its path, which the next boot may give another device
)

// Device is a block device as the devices file sees it.
type Device struct {
	Path         string
	Major, Minor uint32
	Part         int // the partition's number; 0: a whole device
	// IDs are what it is known by, the one that lvm2 would choose first, its
	// path last. Of a partition they are its disk's, but for a loop device or MD
	// array: their partitions have other drivers' numbers, and only a path.
	IDs []DeviceID
}

// ID is the id that lvm2 would choose.
func (d *Device) ID() DeviceID { return d.IDs[0] }

// Device looks a block device up in sysfs. path is its node, as it is to stand
// in the devices file. It fails with ENOTBLK where path is something else.
func (h *Host) Device(path string) (*Device, error) {
	number, err := ioctl.NodeDev(path)
	if err != nil {
		return nil, err
	}
	return h.device(path, unix.Major(number), unix.Minor(number))
}

func (h *Host) device(path string, major, minor uint32) (*Device, error) {
	d := &Device{Path: path, Major: major, Minor: minor}
	dir, err := filepath.EvalSymlinks(filepath.Join(h.cfg.Sys, "dev/block", fmt.Sprintf("%d:%d", major, minor)))
	if err != nil {
		return nil, fmt.Errorf("device %s: %w", path, err)
	}
	if part, ok := sysValue(dir, "partition"); ok {
		if d.Part, err = strconv.Atoi(part); err != nil {
			return nil, fmt.Errorf("device %s: %w", path, err)
		}
		if whole := filepath.Dir(dir); !isBlockClass(whole) {
			dir = whole
		}
	}
	d.IDs = append(sysIDs(dir, d.Part > 0), DeviceID{IDName, path})
	return d, nil
}

// isBlockClass reports whether dir is the folder of all block devices of a
// driver, and no device itself.
func isBlockClass(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "dev"))
	return err != nil
}

// sysIDs are the ids of a whole device, from its folder in sysfs, for itself or
// for a partition of it.
func sysIDs(dir string, partition bool) (ids []DeviceID) {
	add := func(idType, value string) { ids = append(ids, DeviceID{idType, underscored(value)}) }
	if isDir(dir, "md") {
		if uuid, ok := sysValue(dir, "md/uuid"); ok && !partition {
			add(IDMD, uuid)
		}
		return ids
	}
	if isDir(dir, "loop") {
		// A file that was deleted cannot be found again.
		if file, ok := sysValue(dir, "loop/backing_file"); ok && !partition && !strings.HasSuffix(file, "(deleted)") {
			add(IDLoop, file)
		}
		return ids
	}
	if uuid, ok := sysValue(dir, "dm/uuid"); ok {
		switch {
		case strings.HasPrefix(partless(uuid), "mpath-"):
			add(IDMultipath, uuid)
		case strings.HasPrefix(uuid, "CRYPT-"):
			add(IDCrypt, uuid)
		case strings.HasPrefix(uuid, "LVM-"):
			add(IDLV, uuid)
		}
	}
	wwid, ok := sysValue(dir, "device/wwid")
	if !ok {
		wwid, ok = sysValue(dir, "wwid")
	}
	// QEMU gives each disk of a kind the same.
	if ok && !strings.Contains(wwid, "QEMU HARDDISK") {
		add(IDWWID, wwid)
	}
	if serial, ok := sysValue(dir, "device/serial"); ok {
		add(IDSerial, serial)
	}
	return ids
}

// partless is the UUID of a multipath device without the "part3-" in front that
// kpartx gives to a partition of it.
func partless(uuid string) string {
	rest, ok := strings.CutPrefix(uuid, "part")
	if number, after, found := strings.Cut(rest, "-"); ok && found {
		if _, err := strconv.ParseUint(number, 10, 31); err == nil {
			return after
		}
	}
	return uuid
}

func isDir(dir, name string) bool {
	info, err := os.Stat(filepath.Join(dir, name))
	return err == nil && info.IsDir()
}

// sysValue reads a file of sysfs that has one line. Empty is as none.
func sysValue(dir, name string) (string, bool) {
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return "", false
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return line, line != ""
}

// underscored is a value as lvm2 2.03.16 writes it: "_" for each white space and
// control character. Later versions know this form beside their own; this one
// knows no other.
func underscored(value string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r == 0x7f {
			return '_'
		}
		return r
	}, value)
}

// Lists reports whether lvm2 looks at a device because of this list: some entry
// has one of its ids, and the same partition; or an entry that has only a path
// has its PV, which lvm2 then looks for on other devices.
func (f *DevicesFile) Lists(d *Device, pvid string) bool {
	return f.entryOf(d) >= 0 || f.find(func(e DeviceEntry) bool {
		return e.ID.Type == IDName && e.PVID != "" && e.PVID == pvid
	}) >= 0
}

// PutDevice adds a device, or says of the one that is there which PV it has.
func (f *DevicesFile) PutDevice(d *Device, pvid string) {
	e := DeviceEntry{ID: d.ID(), Name: d.Path, PVID: pvid, Part: d.Part}
	if at := f.entryOf(d); at >= 0 {
		have, _ := parseEntry(f.lines[at])
		e.ID = have.ID
		f.set(at, e.words())
		return
	}
	f.Put(e)
}

// entryOf returns the line of a device's entry, or -1.
func (f *DevicesFile) entryOf(d *Device) int {
	return f.find(func(e DeviceEntry) bool { return e.Part == d.Part && d.is(e.ID) })
}

// is reports whether lvm2, of some version, knows the device by id.
func (d *Device) is(id DeviceID) bool {
	return slices.ContainsFunc(d.IDs, func(own DeviceID) bool {
		return own == id || own.Type == id.Type && id.Type == IDWWID && lean(own.Name) == id.Name
	})
}

// lean is a t10 id as versions after 2.03.16 write it: what is no ordinary
// character is left out, and of white space one underscore between words.
func lean(wwid string) string {
	if !strings.HasPrefix(wwid, "t10.") {
		return wwid
	}
	words := strings.FieldsFunc(wwid, func(r rune) bool { return r == '_' })
	return strings.Map(func(r rune) rune {
		if r >= utf8.RuneSelf || strings.ContainsRune(`"=`, r) {
			return -1
		}
		return r
	}, strings.Join(words, "_"))
}

// ErrNotListed says that lvm2 does not look at a device, because the devices
// file does not have it or a filter rejects it.
var ErrNotListed = errors.New("not among lvm2's devices")
