package ioctl

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrReply says that a reply of the kernel contradicts itself: an offset that
// points outside of it or backwards, a string that does not end.
var ErrReply = errors.New("malformed reply")

// payload is the part of the reply behind the header. It is empty where the
// reply did not fit: then DataStart is larger than DataSize, and TargetCount
// counts what is not there.
func (b *Buffer) payload() []byte {
	h, all := b.Header(), b.all()
	if h.Flags&FlagBufferFull != 0 || h.DataStart > h.DataSize || uint64(h.DataSize) > uint64(len(all)) {
		return nil
	}
	return all[h.DataStart:h.DataSize]
}

// A TargetReader reads the targets of a [TableStatus] or [DevWait] reply.
//
//	r := b.Targets()
//	for r.Next() { … r.Type, r.Params … }
//	if err := r.Err(); err != nil { … }
type TargetReader struct {
	Start, Length uint64 // sectors
	Type          []byte // valid until the buffer's next request
	Params        []byte // the same

	data []byte
	at   int
	left uint32
	err  error
}

// Targets returns a reader of the reply's targets.
func (b *Buffer) Targets() TargetReader {
	r := TargetReader{data: b.payload(), left: b.Header().TargetCount}
	if b.Header().Flags&FlagBufferFull != 0 {
		r.left = 0
	}
	return r
}

// Next reads the next target. It returns false at the end and on an error.
func (r *TargetReader) Next() bool {
	if r.left == 0 || r.err != nil {
		return false
	}
	if len(r.data)-r.at < specSize {
		return r.fail("target spec", r.at)
	}
	spec := r.data[r.at:]
	r.Start = binary.NativeEndian.Uint64(spec)
	r.Length = binary.NativeEndian.Uint64(spec[8:])
	next := int(binary.NativeEndian.Uint32(spec[20:])) // from the start of the first spec
	r.Type = upToZero(spec[24:specSize])
	r.left--
	end := len(r.data)
	if r.left > 0 {
		if next < r.at+specSize || next > len(r.data) {
			return r.fail("offset of next target", r.at)
		}
		end = next
	}
	params := r.data[r.at+specSize : end]
	r.Params = upToZero(params)
	if len(r.Params) == len(params) {
		return r.fail("end of params", r.at)
	}
	r.at = end
	return true
}

func (r *TargetReader) fail(what string, at int) bool {
	r.err = fmt.Errorf("%s at byte %d: %w", what, at, ErrReply)
	return false
}

// Err is what ended the reading early, an [ErrReply], or nil.
func (r *TargetReader) Err() error { return r.err }

// A NameReader reads the devices of a [ListDevices] reply.
type NameReader struct {
	Dev     uint64 // "huge" encoding
	Name    []byte // valid until the buffer's next request
	EventNr uint32 // 0 before ABI 4.37
	UUID    []byte // nil where it was not asked for, or before ABI 4.45

	data  []byte
	at    int
	tail  bool // the event number follows the name
	flags bool // and a flags word follows that
	done  bool
	err   error
}

// Names returns a reader of the reply's devices.
func (b *Buffer) Names() NameReader {
	h := b.Header()
	data := b.payload()
	abi := h.ABI()
	r := NameReader{
		data:  data,
		tail:  !abi.Less(ABI{Major: 4, Minor: 37}),
		flags: !abi.Less(ABI{Major: 4, Minor: 45}) && h.Flags&FlagUUID != 0,
	}
	// Without any device the kernel returns one record with device number 0,
	// or nothing at all.
	r.done = len(data) == 0 || len(data) >= 8 && binary.NativeEndian.Uint64(data) == 0
	return r
}

const nameListSize = 12 // offsetof(struct dm_name_list, name)

// The flags behind the event number of struct dm_name_list.
const nameHasUUID = 1

// Next reads the next device. It returns false at the end and on an error.
func (r *NameReader) Next() bool {
	if r.done || r.err != nil {
		return false
	}
	if len(r.data)-r.at < nameListSize {
		return r.fail("device")
	}
	record := r.data[r.at:]
	r.Dev = binary.NativeEndian.Uint64(record)
	next := int(binary.NativeEndian.Uint32(record[8:])) // from the start of this record
	if next == 0 {
		r.done = true
	} else {
		if next%8 != 0 || next < nameListSize || next > len(record) {
			return r.fail("offset of next device")
		}
		record = record[:next]
	}
	r.EventNr, r.UUID = 0, nil
	r.Name = upToZero(record[nameListSize:])
	end := nameListSize + len(r.Name) + 1
	if end > len(record) {
		return r.fail("end of name")
	}
	if r.tail && !r.readTail(record, end) {
		return false
	}
	r.at += next
	return true
}

// readTail reads what follows the name at the next 8-byte boundary.
func (r *NameReader) readTail(record []byte, end int) bool {
	end = (end + 7) &^ 7
	if len(record) < end+4 {
		return r.fail("event number")
	}
	r.EventNr = binary.NativeEndian.Uint32(record[end:])
	if !r.flags {
		return true
	}
	if len(record) < end+8 {
		return r.fail("flags of device")
	}
	if binary.NativeEndian.Uint32(record[end+4:])&nameHasUUID == 0 {
		return true
	}
	uuid := record[end+8:]
	r.UUID = upToZero(uuid)
	if len(r.UUID) == len(uuid) {
		return r.fail("end of UUID")
	}
	return true
}

func (r *NameReader) fail(what string) bool {
	r.err = fmt.Errorf("%s at byte %d: %w", what, r.at, ErrReply)
	return false
}

// Err is what ended the reading early, an [ErrReply], or nil.
func (r *NameReader) Err() error { return r.err }

// Deps returns the device numbers, in "huge" encoding, of a [TableDeps] reply:
// struct dm_target_deps. They are appended to devs. A device without a table
// has no data in its reply, and no dependencies.
func (b *Buffer) Deps(devs []uint64) ([]uint64, error) {
	data := b.payload()
	if data == nil {
		return devs, nil
	}
	if len(data) < 8 {
		return devs, fmt.Errorf("count of dependencies: %w", ErrReply)
	}
	count := binary.NativeEndian.Uint32(data)
	data = data[8:]
	if uint64(count) > uint64(len(data)/8) {
		return devs, fmt.Errorf("%d dependencies in %d bytes: %w", count, len(data), ErrReply)
	}
	for i := range int(count) {
		devs = append(devs, binary.NativeEndian.Uint64(data[8*i:]))
	}
	return devs, nil
}

// A VersionReader reads the targets of a [ListVersions] or [GetTargetVersion]
// reply.
type VersionReader struct {
	Name    []byte // valid until the buffer's next request
	Version [3]uint32

	data []byte
	at   int
	done bool
	err  error
}

const versionsSize = 16 // offsetof(struct dm_target_versions, name)

// Versions returns a reader of the reply's target versions.
func (b *Buffer) Versions() VersionReader {
	data := b.payload()
	return VersionReader{data: data, done: len(data) == 0}
}

// Next reads the next target's version. It returns false at the end and on an
// error.
func (r *VersionReader) Next() bool {
	if r.done || r.err != nil {
		return false
	}
	if len(r.data)-r.at < versionsSize {
		return r.fail("target version")
	}
	record := r.data[r.at:]
	next := int(binary.NativeEndian.Uint32(record)) // from the start of this record
	for i := range r.Version {
		r.Version[i] = binary.NativeEndian.Uint32(record[4+4*i:])
	}
	if next == 0 {
		r.done = true
	} else {
		if next%8 != 0 || next < versionsSize || next > len(record) {
			return r.fail("offset of next target version")
		}
		record = record[:next]
	}
	name := record[versionsSize:]
	r.Name = upToZero(name)
	if len(r.Name) == len(name) {
		return r.fail("end of target name")
	}
	r.at += next
	return true
}

func (r *VersionReader) fail(what string) bool {
	r.err = fmt.Errorf("%s at byte %d: %w", what, r.at, ErrReply)
	return false
}

// Err is what ended the reading early, an [ErrReply], or nil.
func (r *VersionReader) Err() error { return r.err }

// Message returns the reply to a [TargetMsg] request, or nil where there is
// none; one that is empty is not nil. It is valid until the buffer's next
// request.
func (b *Buffer) Message() ([]byte, error) {
	if b.Header().Flags&FlagDataOut == 0 {
		return nil, nil
	}
	data := b.payload()
	text := upToZero(data)
	if len(text) == len(data) {
		return nil, fmt.Errorf("end of message: %w", ErrReply)
	}
	return text, nil
}
