package dm

import (
	"bytes"
	"cmp"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"github.com/rok-storage/rok/ioctl"
)

// Entry is one device in a list.
type Entry struct {
	Name    string
	UUID    string // may be empty
	Dev     Dev
	EventNr uint32 // 0 before device-mapper 4.37
}

// Filter chooses devices. Each field is a prefix; an empty one lets all pass.
type Filter struct {
	Name string
	UUID string
}

// List returns all devices, by name. Where the kernel cannot list UUIDs
// (before device-mapper 4.45) it asks for each device in turn.
func (c *Conn) List() ([]Entry, error) { return c.ListMatching(Filter{}) }

// ListMatching returns the devices that f chooses, by name. Kernels that know
// how to filter send only those.
func (c *Conn) ListMatching(f Filter) ([]Entry, error) {
	for _, prefix := range []struct {
		kind, value string
		limit       int
	}{{"name", f.Name, ioctl.MaxName}, {"UUID", f.UUID, ioctl.MaxUUID}} {
		if reason := checkString(prefix.value, prefix.limit); reason != "" {
			return nil, &Error{Op: ioctl.ListDevices.String(), Err: &NameError{Kind: prefix.kind, Value: prefix.value, Reason: reason}}
		}
	}
	r := request{cmd: ioctl.ListDevices, raw: true}
	if NodeName(f.Name) == f.Name { // others stand in the kernel in one of two forms
		r.id.name = f.Name
	}
	if NodeName(f.UUID) == f.UUID {
		r.uuid = f.UUID
	}
	withUUIDs := !c.abi.Less(ioctl.FlagUUID.MinABI(ioctl.ListDevices))
	if withUUIDs {
		r.flags |= ioctl.FlagUUID
	}
	var entries []Entry
	var escaped bool
	err := c.do(&r, func(b *ioctl.Buffer) (err error) {
		entries, escaped, err = readNames(b)
		return err
	})
	if err != nil {
		return nil, err
	}
	if !withUUIDs {
		if entries, err = c.askUUIDs(entries); err != nil {
			return nil, err
		}
	}
	// Kernels that list UUIDs keep their devices by name, escaped as that is.
	if escaped || !withUUIDs {
		slices.SortStableFunc(entries, func(a, b Entry) int { return cmp.Compare(a.Name, b.Name) })
	}
	if f == (Filter{}) {
		return entries, nil
	}
	matching := entries[:0]
	for _, e := range entries {
		if strings.HasPrefix(e.Name, f.Name) && strings.HasPrefix(e.UUID, f.UUID) {
			matching = append(matching, e)
		}
	}
	return matching, nil
}

// readNames makes entries of a reply, with one piece of memory for all names,
// and reports whether any of them is escaped.
func readNames(b *ioctl.Buffer) (entries []Entry, escaped bool, err error) {
	devices, text := 0, 0
	for r := b.Names(); r.Next(); {
		devices++
		text += len(r.Name) + len(r.UUID)
	}
	entries = make([]Entry, 0, devices)
	var arena strings.Builder
	arena.Grow(text)
	keep := func(s []byte) string {
		if bytes.IndexByte(s, '\\') >= 0 {
			escaped = true
			return plainName(s)
		}
		start := arena.Len()
		arena.Write(s)
		return arena.String()[start:]
	}
	r := b.Names()
	for r.Next() {
		entries = append(entries, Entry{
			Name: keep(r.Name), UUID: keep(r.UUID), Dev: DevFromUint64(r.Dev), EventNr: r.EventNr,
		})
	}
	return entries, escaped, r.Err()
}

// askUUIDs fills in UUIDs one by one. Devices that went away meanwhile are
// left out.
func (c *Conn) askUUIDs(entries []Entry) ([]Entry, error) {
	there := entries[:0]
	for _, e := range entries {
		info, err := c.Device(ByDev(e.Dev)).Info()
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return nil, err
		}
		e.UUID = info.UUID
		there = append(there, e)
	}
	return there, nil
}

// Deps returns the devices that the active table uses, in no order.
func (d *Device) Deps() ([]Dev, error) {
	var devs []Dev
	err := d.conn.do(&request{cmd: ioctl.TableDeps, id: d.id}, func(b *ioctl.Buffer) error {
		numbers, err := b.Deps(nil)
		for _, n := range numbers {
			devs = append(devs, DevFromUint64(n))
		}
		return err
	})
	return devs, err
}

// TargetVersion is the version of one target's code in the kernel.
type TargetVersion struct {
	Name    string
	Version [3]uint32
}

// Targets returns the targets that the kernel has loaded. A module that is not
// loaded yet is missing: see [Conn.TargetVersion]. Needs device-mapper 4.1.
func (c *Conn) Targets() ([]TargetVersion, error) {
	return c.versions(&request{cmd: ioctl.ListVersions})
}

// TargetVersion returns the version of one target, and loads its module if
// need be. It fails with [errors.ErrUnsupported] where the kernel has no such
// target, or is older than device-mapper 4.41.
func (c *Conn) TargetVersion(typ string) (TargetVersion, error) {
	fault := func(err error) error {
		return &Error{Op: ioctl.GetTargetVersion.String(), Device: typ, Err: err}
	}
	if reason := checkString(typ, ioctl.MaxType); reason != "" || typ == "" {
		return TargetVersion{}, fault(&NameError{Kind: "target type", Value: typ, Reason: cmp.Or(reason, "empty")})
	}
	// The kernel takes the type in the field for the name.
	versions, err := c.versions(&request{cmd: ioctl.GetTargetVersion, id: ID{name: typ}, raw: true})
	if err != nil {
		return TargetVersion{}, err
	}
	if len(versions) != 1 {
		return TargetVersion{}, fault(ioctl.ErrReply)
	}
	return versions[0], nil
}

func (c *Conn) versions(r *request) ([]TargetVersion, error) {
	var versions []TargetVersion
	err := c.do(r, func(b *ioctl.Buffer) error {
		v := b.Versions()
		for v.Next() {
			versions = append(versions, TargetVersion{Name: string(v.Name), Version: v.Version})
		}
		return v.Err()
	})
	return versions, err
}
