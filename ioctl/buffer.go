package ioctl

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unsafe"
)

const (
	// HeaderSize is sizeof(struct dm_ioctl).
	HeaderSize = 312
	// MaxSize is the largest buffer that the kernel takes: DM_MAX_TARGETS *
	// DM_MAX_TARGET_PARAMS, drivers/md/dm-ioctl.c.
	MaxSize = 1 << 30

	// MaxName, MaxUUID and MaxType are the lengths in bytes that fit: DM_NAME_LEN,
	// DM_UUID_LEN and DM_MAX_TYPE_NAME less the zero byte at the end.
	MaxName = 127
	MaxUUID = 128
	MaxType = 15

	specSize   = 40      // sizeof(struct dm_target_spec)
	msgSize    = 8       // sizeof(struct dm_target_msg)
	maxTargets = 1 << 20 // DM_MAX_TARGETS
)

// ErrTooLong says that a string does not fit where it should go. The kernel
// would cut it short.
var ErrTooLong = errors.New("too long")

// ErrZeroByte says that a string holds a zero byte, which would end it early.
var ErrZeroByte = errors.New("contains a zero byte")

// Header is struct dm_ioctl of include/uapi/linux/dm-ioctl.h, in the byte
// order of the machine.
type Header struct {
	Version     [3]uint32 // in: what the request needs; out: the kernel's
	DataSize    uint32    // in: size of the whole buffer; out: bytes written
	DataStart   uint32    // offset of the data from the start of the header
	TargetCount uint32    // how many targets follow
	OpenCount   int32     // out
	Flags       Flags
	EventNr     uint32 // out; in for DevWait; udev cookie in for remove, rename, resume
	_           uint32
	Dev         uint64 // device number, "huge" encoding
	Name        [MaxName + 1]byte
	UUID        [MaxUUID + 1]byte
	_           [7]byte
}

// ABI is the kernel's version in a reply.
func (h *Header) ABI() ABI {
	return ABI{Major: h.Version[0], Minor: h.Version[1], Patch: h.Version[2]}
}

// NameBytes is the name without its padding. It is valid as long as h is.
func (h *Header) NameBytes() []byte { return upToZero(h.Name[:]) }

// UUIDBytes is the UUID without its padding. It is valid as long as h is.
func (h *Header) UUIDBytes() []byte { return upToZero(h.UUID[:]) }

func upToZero(b []byte) []byte {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		return b[:i]
	}
	return b
}

// Buffer is one request to the control node and, afterwards, its reply. The
// zero value is ready for [Buffer.Reset]. Its memory is reused from request to
// request; what its methods return is valid until the next one. It must not
// be used by two goroutines at once.
type Buffer struct {
	words []uint64 // the kernel wants 8-byte alignment, which []byte does not promise
	used  int      // bytes of the request so far
}

// Reset begins a request: an empty header for c and flags, with at least size
// bytes in all for the reply (the header alone needs [HeaderSize]).
func (b *Buffer) Reset(c Cmd, flags Flags, size int) {
	b.grow(max(size, HeaderSize))
	clear(b.words[:HeaderSize/8])
	b.used = HeaderSize
	v := c.MinABI()
	h := b.Header()
	h.Version = [3]uint32{v.Major, v.Minor, v.Patch}
	h.DataStart = HeaderSize
	h.DataSize = uint32(max(size, HeaderSize))
	h.Flags = flags
}

// smallest is the memory that a Buffer begins with: a page, so that the header
// lies on one, and so does all of a small request.
const smallest = 4096

// grow makes room for size bytes, keeping what was written.
func (b *Buffer) grow(size int) {
	if size <= len(b.words)*8 {
		return
	}
	room := smallest // doubled until it fits: Go puts such sizes at the start of a page
	for room < size {
		room *= 2
	}
	words := make([]uint64, room/8)
	copy(words, b.words)
	clear(b.words) // it may hold a key
	b.words = words
}

// Header returns the header, to fill in or to read.
func (b *Buffer) Header() *Header {
	b.grow(HeaderSize)
	return (*Header)(unsafe.Pointer(unsafe.SliceData(b.words)))
}

// Bytes returns the whole buffer, as the kernel gets it: DataSize bytes of the
// request, or all of the buffer where DataSize lies.
func (b *Buffer) Bytes() []byte {
	all := b.all()
	if size := int(b.Header().DataSize); size >= HeaderSize && size <= len(all) {
		return all[:size]
	}
	return all
}

func (b *Buffer) all() []byte {
	b.grow(HeaderSize)
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(b.words))), len(b.words)*8)
}

// Cap is the number of bytes that the buffer holds without growing.
func (b *Buffer) Cap() int { return len(b.words) * 8 }

// Wipe overwrites the whole buffer with zeros.
func (b *Buffer) Wipe() { clear(b.words); b.used = HeaderSize }

// SetName names the device that the request is for. It fails with
// [ErrTooLong] or [ErrZeroByte].
func (b *Buffer) SetName(name string) error { return setString(b.Header().Name[:], name) }

// SetUUID names the device that the request is for by its UUID. It fails with
// [ErrTooLong] or [ErrZeroByte].
func (b *Buffer) SetUUID(uuid string) error { return setString(b.Header().UUID[:], uuid) }

func setString(field []byte, s string) error {
	if err := checkString(s, len(field)-1); err != nil {
		return err
	}
	clear(field[copy(field, s):])
	return nil
}

func checkString(s string, limit int) error {
	if len(s) > limit {
		return fmt.Errorf("%d bytes, at most %d: %w", len(s), limit, ErrTooLong)
	}
	if strings.IndexByte(s, 0) >= 0 {
		return ErrZeroByte
	}
	return nil
}

// targetSpec is struct dm_target_spec.
type targetSpec struct {
	start, length uint64
	status        int32
	next          uint32
	name          [MaxType + 1]byte
}

// AppendTarget adds one target to a [TableLoad] request: a segment of length
// sectors from start. It fails with [ErrTooLong] or [ErrZeroByte].
func (b *Buffer) AppendTarget(start, length uint64, typ string, params []byte) error {
	if bytes.IndexByte(params, 0) >= 0 {
		return fmt.Errorf("params: %w", ErrZeroByte)
	}
	// `next` and the following spec must be 8-aligned: kernels from 6.5 on
	// refuse anything else.
	size := (specSize + len(params) + 1 + 7) &^ 7
	at := b.used
	if at+size > MaxSize || b.Header().TargetCount >= maxTargets {
		return fmt.Errorf("table: %w", ErrTooLong)
	}
	if err := checkString(typ, MaxType); err != nil {
		return fmt.Errorf("target type %.40q: %w", typ, err)
	}
	b.extend(size)
	b.Header().TargetCount++
	target := b.all()[at : at+size]
	spec := (*targetSpec)(unsafe.Pointer(&target[0]))
	*spec = targetSpec{start: start, length: length, next: uint32(size)}
	copy(spec.name[:], typ)
	clear(target[size-8:]) // the padding, and perhaps the end of params
	copy(target[specSize:], params)
	return nil
}

// AppendString adds the string that [DevRename], [DevSetGeometry] and
// [GetTargetVersion] take. It fails with [ErrZeroByte].
func (b *Buffer) AppendString(s string) error {
	if strings.IndexByte(s, 0) >= 0 {
		return ErrZeroByte
	}
	at := b.used
	b.extend(len(s) + 1)
	rest := b.all()[at:b.used]
	rest[copy(rest, s)] = 0
	return nil
}

// AppendMessage adds the message of a [TargetMsg] request: struct
// dm_target_msg, for the target that holds the given sector. It fails with
// [ErrZeroByte].
func (b *Buffer) AppendMessage(sector uint64, message string) error {
	if strings.IndexByte(message, 0) >= 0 {
		return ErrZeroByte
	}
	at := b.used
	b.extend(msgSize)
	*(*uint64)(unsafe.Pointer(&b.all()[at])) = sector
	return b.AppendString(message)
}

// extend adds size bytes to the request.
func (b *Buffer) extend(size int) {
	b.grow(b.used + size)
	b.used += size
	h := b.Header()
	h.DataSize = max(h.DataSize, uint32(b.used))
}
