package dmtest

import (
	"bytes"
	"encoding/binary"
	"syscall"

	"github.com/rok-storage/rok/ioctl"
)

// Offsets in struct dm_ioctl and the structs behind it,
// include/uapi/linux/dm-ioctl.h.
const (
	offDataSize    = 12
	offDataStart   = 16
	offTargetCount = 20
	offOpenCount   = 24
	offFlags       = 28
	offEventNr     = 32
	offDev         = 40
	offName        = 48
	offUUID        = 176
	minSize        = 305 // offsetof(struct dm_ioctl, data)
	headSize       = 312 // sizeof(struct dm_ioctl)
	nameLen        = 128
	uuidLen        = 129
	maxSize        = 1 << 30

	specSize    = 40 // sizeof(struct dm_target_spec)
	specNext    = 20
	specType    = 24
	typeLen     = 16
	msgText     = 8  // offsetof(struct dm_target_msg, message)
	listName    = 12 // offsetof(struct dm_name_list, name)
	versionName = 16 // offsetof(struct dm_target_versions, name)
)

var host = binary.NativeEndian

// param is the kernel's own copy of a request, which becomes the reply. Its
// length is what the caller said the buffer has.
type param struct{ b []byte }

func u32(b []byte, at int) uint32        { return host.Uint32(b[at:]) }
func (p *param) u32(at int) uint32       { return host.Uint32(p.b[at:]) }
func (p *param) setU32(at int, v uint32) { host.PutUint32(p.b[at:], v) }
func (p *param) u64(at int) uint64       { return host.Uint64(p.b[at:]) }
func (p *param) setU64(at int, v uint64) { host.PutUint64(p.b[at:], v) }

func (p *param) has(f ioctl.Flags) bool { return ioctl.Flags(p.u32(offFlags))&f != 0 }
func (p *param) set(f ioctl.Flags, on bool) {
	flags := ioctl.Flags(p.u32(offFlags)) &^ f
	if on {
		flags |= f
	}
	p.setU32(offFlags, uint32(flags))
}

func (p *param) name() string { return text(p.b[offName : offName+nameLen]) }
func (p *param) uuid() string { return text(p.b[offUUID : offUUID+uuidLen]) }

// text is the C string at the start of b.
func text(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}

// ended returns the C string at the given offset, or false where it does not
// end within the request: invalid_str.
func (p *param) ended(at int) (string, bool) {
	if at < 0 || at >= len(p.b) || bytes.IndexByte(p.b[at:], 0) < 0 {
		return "", false
	}
	return text(p.b[at:]), true
}

// checkVersion refuses a caller that wants more than the kernel has, and tells
// it the kernel's version in either case: check_version.
func (m *machine) checkVersion(user []byte) error {
	abi := m.cfg.ABI
	tooNew := u32(user, 0) != abi.Major || u32(user, 4) > abi.Minor
	for i, v := range []uint32{abi.Major, abi.Minor, abi.Patch} {
		host.PutUint32(user[4*i:], v)
	}
	if tooNew {
		return syscall.EINVAL
	}
	return nil
}

// copyIn makes the kernel's copy of the request: copy_params. A caller that
// asked for it finds its whole buffer wiped from then on, version included; of
// a command without params, the header.
func copyIn(user []byte, noParams bool) (*param, error) {
	size := int(u32(user, offDataSize))
	if size < minSize || size > maxSize {
		return nil, syscall.EINVAL
	}
	if size > len(user) {
		return nil, syscall.EFAULT
	}
	secure := ioctl.Flags(u32(user, offFlags))&ioctl.FlagSecureData != 0
	p := &param{b: bytes.Clone(user[:size])}
	if noParams {
		p.b = p.b[:minSize:minSize]
		p.setU32(offDataSize, minSize)
	}
	if secure {
		clear(user[:len(p.b)])
	}
	return p, nil
}

// validate is validate_params.
func (p *param) validate(cmd ioctl.Cmd) error {
	p.set(ioctl.FlagBufferFull|ioctl.FlagUeventGenerated|ioctl.FlagSecureData|ioctl.FlagDataOut, false)
	switch {
	case cmd == ioctl.RemoveAll || cmd == ioctl.ListDevices || cmd == ioctl.ListVersions:
		return nil
	case cmd == ioctl.DevCreate:
		if p.b[offName] == 0 {
			return syscall.EINVAL
		}
	case p.b[offName] != 0 && p.b[offUUID] != 0:
		return syscall.EINVAL
	}
	p.b[offName+nameLen-1] = 0
	p.b[offUUID+uuidLen-1] = 0
	return nil
}

// result is the part of the buffer that a reply's data goes to:
// get_result_buffer. Where there is no room, data_start ends up at the size of
// the buffer, and so behind data_size.
func (p *param) result() []byte {
	start := min(headSize, len(p.b))
	p.setU32(offDataStart, uint32(start))
	return p.b[start:]
}

// full says that the reply did not fit.
func (p *param) full() { p.set(ioctl.FlagBufferFull, true) }

// filled says how many bytes of the result were written.
func (p *param) filled(n int) { p.setU32(offDataSize, p.u32(offDataStart)+uint32(n)) }

func align(n int) int { return (n + 7) &^ 7 }
