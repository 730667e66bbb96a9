package host

import (
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strconv"
	"strings"
)

// DevicesFile is the list of the devices that lvm2 looks at, where there is one:
//
//	# LVM uses devices listed in this file.
//	# Created by LVM command vgcreate pid 4711 at Thu Nov 26 11:04:11 2026
//	# HASH=1657731314
//	HOSTNAME=vm
//	VERSION=1.1.7
//	IDTYPE=sys_wwid IDNAME=naa.5000c500a0b1c2d3 DEVNAME=/dev/sda PVID=.
//
// lib/device/device_id.c. The HASH, the HOSTNAME or PRODUCT_UUID, and the backups
// are of versions later than 2.03.16, which has neither and takes HASH for a
// comment. Lines, and words of an entry, that rok does not know stay as they
// are; lvm2 drops them when it next writes the file.
type DevicesFile struct {
	lines   []string // without line ends
	counter uint32   // of the version
	changed bool
}

// DeviceEntry is a device in the list.
type DeviceEntry struct {
	ID   DeviceID
	Name string // DEVNAME, where it was last: a hint; empty for "."
	PVID string // 32 characters; empty for ".": there is no PV on it
	Part int    // PART; 0: the whole device
}

// DevicesFileError says that a devices file is not understood. It must not be
// changed then; lvm2 does not, either.
type DevicesFileError struct {
	Line int // from 1; 0: the whole
	Err  error
}

// Error prints, for example, `devices file, line 3: version "2.0": …`.
func (e *DevicesFileError) Error() string {
	if e.Line == 0 {
		return "devices file: " + e.Err.Error()
	}
	return fmt.Sprintf("devices file, line %d: %v", e.Line, e.Err)
}

// Unwrap returns Err.
func (e *DevicesFileError) Unwrap() error { return e.Err }

var (
	errDevicesVersion  = errors.New("not a version 1.N.N")
	errDevicesVersions = errors.New("a second version")
	errDevicesEntry    = errors.New("IDTYPE without IDNAME")
	errDevicesPart     = errors.New("PART is no number")
	errDevicesText     = errors.New("larger than 16 MiB")
)

const (
	maxDevicesFile = 16 << 20

	// The version that lvm2 2.03 writes, device_id.c.
	devicesMajor, devicesMinor = 1, 1

	createdMark = "# Created by LVM command "
	hashMark    = "# HASH="
	versionMark = "VERSION="
	idTypeMark  = "IDTYPE="
)

// ParseDevicesFile reads a devices file. It fails with a [*DevicesFileError].
func ParseDevicesFile(text string) (*DevicesFile, error) {
	if len(text) > maxDevicesFile {
		return nil, &DevicesFileError{Err: errDevicesText}
	}
	f := new(DevicesFile)
	if text = strings.TrimSuffix(text, "\n"); text != "" {
		f.lines = strings.Split(text, "\n")
	}
	versions := 0
	for i, line := range f.lines {
		var err error
		switch {
		case strings.HasPrefix(line, versionMark):
			if versions++; versions > 1 {
				return nil, &DevicesFileError{Line: i + 1, Err: errDevicesVersions}
			}
			err = f.version(strings.TrimSpace(line[len(versionMark):]))
		case isEntry(line):
			_, err = parseEntry(line)
		}
		if err != nil {
			return nil, &DevicesFileError{Line: i + 1, Err: err}
		}
	}
	return f, nil
}

func (f *DevicesFile) version(text string) error {
	parts := strings.Split(text, ".")
	if len(parts) != 3 || parts[0] != strconv.Itoa(devicesMajor) {
		return fmt.Errorf("%q: %w", text, errDevicesVersion)
	}
	n, err := strconv.ParseUint(parts[2], 10, 32)
	if err != nil {
		return fmt.Errorf("%q: %w", text, errDevicesVersion)
	}
	f.counter = uint32(n)
	return nil
}

// isEntry reports whether a line is for a device. It may be indented.
func isEntry(line string) bool {
	return !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, versionMark) && strings.Contains(line, idTypeMark)
}

// parseEntry reads "IDTYPE=… IDNAME=… DEVNAME=… PVID=… PART=…". Spaces alone
// divide words: a tab is a part of one.
func parseEntry(line string) (DeviceEntry, error) {
	var e DeviceEntry
	for word := range strings.SplitSeq(line, " ") {
		key, value, _ := strings.Cut(word, "=")
		if value == "." {
			value = ""
		}
		switch key {
		case "IDTYPE":
			e.ID.Type = value
		case "IDNAME":
			e.ID.Name = value
		case "DEVNAME":
			e.Name = value
		case "PVID":
			e.PVID = value
		case "PART":
			n, err := strconv.ParseUint(value, 10, 31)
			if err != nil {
				return e, errDevicesPart
			}
			e.Part = int(n)
		}
	}
	if e.ID.Type == "" || e.ID.Name == "" {
		return e, errDevicesEntry
	}
	return e, nil
}

// Entries returns the devices of the list, in its order.
func (f *DevicesFile) Entries() []DeviceEntry {
	var all []DeviceEntry
	for _, i := range f.entryLines() {
		e, _ := parseEntry(f.lines[i]) // it has been read before
		all = append(all, e)
	}
	return all
}

func (f *DevicesFile) entryLines() (at []int) {
	for i, line := range f.lines {
		if isEntry(line) {
			at = append(at, i)
		}
	}
	return at
}

// find returns the line of the first entry that is so, or -1.
func (f *DevicesFile) find(is func(DeviceEntry) bool) int {
	for _, i := range f.entryLines() {
		if e, err := parseEntry(f.lines[i]); err == nil && is(e) {
			return i
		}
	}
	return -1
}

// Put adds an entry, or changes the one that has the same ID and Part, or, where
// there is none, the one with the same PVID: the PV has moved.
func (f *DevicesFile) Put(e DeviceEntry) {
	at := f.find(func(have DeviceEntry) bool { return have.ID == e.ID && have.Part == e.Part })
	if at < 0 && e.PVID != "" {
		at = f.find(func(have DeviceEntry) bool { return have.PVID == e.PVID })
	}
	if at < 0 {
		f.lines = append(f.lines, e.line())
		f.changed = true
		return
	}
	f.set(at, e.words())
}

// Remove takes out the entry with the given ID and partition, and reports
// whether there was one.
func (f *DevicesFile) Remove(id DeviceID, part int) bool {
	at := f.find(func(have DeviceEntry) bool { return have.ID == id && have.Part == part })
	if at < 0 {
		return false
	}
	f.lines = slices.Delete(f.lines, at, at+1)
	f.changed = true
	return true
}

// ClearPVID is for a PV that is gone: its device stays in the list.
func (f *DevicesFile) ClearPVID(pvid string) {
	for _, i := range f.entryLines() {
		if e, err := parseEntry(f.lines[i]); err == nil && e.PVID == pvid && pvid != "" {
			f.set(i, [][2]string{{"PVID", "."}})
		}
	}
}

// set changes words of a line, and leaves the others.
func (f *DevicesFile) set(at int, words [][2]string) {
	fields := strings.Split(f.lines[at], " ")
	for _, w := range words {
		key, word := w[0]+"=", w[0]+"="+w[1]
		i := slices.IndexFunc(fields, func(field string) bool { return strings.HasPrefix(field, key) })
		switch {
		case i < 0 && w[1] != "":
			fields = append(fields, word)
		case i >= 0 && w[1] == "":
			fields = slices.Delete(fields, i, i+1)
		case i >= 0:
			fields[i] = word
		}
	}
	if line := strings.Join(fields, " "); line != f.lines[at] {
		f.lines[at], f.changed = line, true
	}
}

// words are the entry's keys and values, in lvm2's order. PART without a value
// is not in the line.
func (e *DeviceEntry) words() [][2]string {
	orDot := func(s string) string {
		if s == "" {
			return "."
		}
		return s
	}
	part := ""
	if e.Part > 0 {
		part = strconv.Itoa(e.Part)
	}
	return [][2]string{{"IDTYPE", e.ID.Type}, {"IDNAME", e.ID.Name}, {"DEVNAME", orDot(e.Name)}, {"PVID", orDot(e.PVID)}, {"PART", part}}
}

func (e *DeviceEntry) line() string {
	var words []string
	for _, w := range e.words() {
		if w[1] != "" {
			words = append(words, w[0]+"="+w[1])
		}
	}
	return strings.Join(words, " ")
}

// Changed reports whether the list is another one than was read.
func (f *DevicesFile) Changed() bool { return f.changed }

// Version is what the file's version counts: how often it was written.
func (f *DevicesFile) Version() uint32 { return f.counter }

// next is the text of the next version, by the given writer ("rok pid 1 at …").
func (f *DevicesFile) next(writer string) string {
	f.counter++
	lines := slices.Clone(f.lines)
	put := func(mark, rest string, at int) int {
		i := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, mark) })
		if i < 0 && at >= 0 {
			i = min(at, len(lines))
			lines = slices.Insert(lines, i, "")
		}
		if i >= 0 {
			lines[i] = mark + rest
		}
		return i
	}
	first := put("# LVM uses devices listed in this file.", "", 0)
	created := put(createdMark, writer, first+1)
	put(versionMark, fmt.Sprintf("%d.%d.%d", devicesMajor, devicesMinor, f.counter), created+1)
	put(hashMark, strconv.FormatUint(uint64(devicesHash(lines)), 10), -1)
	f.lines, f.changed = lines, false
	return strings.Join(lines, "\n") + "\n"
}

// hashed reports whether the file has a HASH, and so is of an lvm2 that keeps
// backups.
func (f *DevicesFile) hashed() bool {
	return slices.ContainsFunc(f.lines, func(l string) bool { return strings.HasPrefix(l, hashMark) })
}

// devicesHash is lvm2's CRC (lib/misc/crc.c: CRC-32, first value 0xf597a6cf, not
// inverted at the end) of the lines that are no comments. By it lvm2 sees that
// someone edited the file.
func devicesHash(lines []string) uint32 {
	crc := ^uint32(0xf597a6cf)
	for _, l := range lines {
		if !strings.HasPrefix(l, "#") {
			crc = crc32.Update(crc, crc32.IEEETable, []byte(l+"\n"))
		}
	}
	return ^crc
}
