package dmtest

import (
	"bytes"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/ioctl"
)

// frameTests hold the rules of the header that all commands share: ctl_ioctl,
// copy_params and validate_params of drivers/md/dm-ioctl.c.
var frameTests = []suiteTest{
	{"version", testVersion},
	{"data size", testDataSize},
	{"buffer full", testBufferFull},
	{"secure data", testSecureData},
	{"one of name, UUID and number", testWhichDevice},
	{"unknown command", testUnknownCommand},
	{"unterminated name", testUnterminatedName},
}

// A version that is too new is refused, and the kernel's own comes back.
func testVersion(t *testing.T, r *rig) {
	abi := r.conn.ABI()
	for _, cmd := range []ioctl.Cmd{ioctl.Version, ioctl.DevStatus, ioctl.ListDevices} {
		for _, wanted := range [][3]uint32{{4, abi.Minor + 1, 0}, {5, 0, 0}, {3, 0, 0}} {
			err := r.raw(cmd, func(b *ioctl.Buffer) { b.Header().Version = wanted })
			require.Equal(t, syscall.EINVAL, err, "%v %v", cmd, wanted)
			require.Equal(t, abi, r.b.Header().ABI())
		}
	}
	require.NoError(t, r.raw(ioctl.Version, func(b *ioctl.Buffer) { b.Header().Version = [3]uint32{4, 0, 9} }))
	require.Equal(t, abi, r.b.Header().ABI())
}

func testDataSize(t *testing.T, r *rig) {
	name := r.make(t, zeros(8))
	for _, tt := range []struct {
		size uint32
		want error
	}{
		{0, syscall.EINVAL}, {minSize - 1, syscall.EINVAL}, {maxSize + 1, syscall.EINVAL}, {1<<32 - 1, syscall.EINVAL},
		{minSize, nil}, {headSize, nil},
	} {
		err := r.raw(ioctl.DevStatus, named(name), dataSize(tt.size))
		if tt.want == nil {
			require.NoError(t, err, tt.size)
			require.EqualValues(t, minSize, r.b.Header().DataSize)
			continue
		}
		require.Equal(t, tt.want, err, tt.size)
		require.Equal(t, tt.size, r.b.Header().DataSize, "a failed request comes back as it was")
	}
}

// A reply that does not fit is no error. Its data begins behind its end, and
// its count of targets is of what is not there.
func testBufferFull(t *testing.T, r *rig) {
	name := r.make(t, zeros(8))
	for _, tt := range []struct {
		cmd   ioctl.Cmd
		edit  []func(*ioctl.Buffer)
		count uint32
	}{
		{ioctl.ListDevices, nil, 0},
		{ioctl.TableStatus, []func(*ioctl.Buffer){named(name)}, 1},
		{ioctl.TableDeps, []func(*ioctl.Buffer){named(name)}, 1},
		{ioctl.ListVersions, nil, 0},
	} {
		for _, size := range []uint32{minSize, headSize} {
			require.NoError(t, r.raw(tt.cmd, append(tt.edit, dataSize(size))...))
			h := r.b.Header()
			require.Equal(t, ioctl.FlagBufferFull, r.has(ioctl.FlagBufferFull), "%v", tt.cmd)
			require.EqualValues(t, minSize, h.DataSize)
			// Early releases of 6.1 point behind a buffer of 305 bytes.
			require.Contains(t, []uint32{size, headSize}, h.DataStart)
			require.Equal(t, tt.count, h.TargetCount)
			require.False(t, new(r.b.Targets()).Next())
			require.False(t, new(r.b.Names()).Next())
			require.False(t, new(r.b.Versions()).Next())
		}
	}
	// Too small by one byte, and just large enough.
	params := headSize + specSize + 1
	for _, tt := range []struct {
		size int
		full bool
	}{{params, true}, {params + 1, true}, {align(params), false}} {
		require.NoError(t, r.raw(ioctl.TableStatus, named(name), dataSize(uint32(tt.size))))
		require.Equal(t, tt.full, r.has(ioctl.FlagBufferFull) != 0, tt.size)
	}
}

// With SECURE_DATA nothing of the request is left in the caller's buffer.
func testSecureData(t *testing.T, r *rig) {
	name := r.make(t, zeros(8))
	key := []byte("the key")
	secretTable := func(typ string) func(*ioctl.Buffer) {
		return targets(spec(0, 8, 64, typ, string(key)))
	}

	// Refused before anything was copied in: only that leaves the buffer.
	require.Equal(t, syscall.EINVAL, r.raw(ioctl.TableLoad, named(name), secretTable("zero"), flags(ioctl.FlagSecureData),
		func(b *ioctl.Buffer) { b.Header().Version[1] = 999 }))
	require.Contains(t, string(r.b.Bytes()), string(key))

	for _, typ := range []string{"zero", "no-such-target"} {
		require.Equal(t, syscall.EINVAL, r.raw(ioctl.TableLoad, named(name), secretTable(typ), flags(ioctl.FlagSecureData)))
		require.True(t, allZero(r.b.Bytes()))
	}
	// A command without params wipes the header alone.
	require.Equal(t, syscall.ENXIO, r.raw(ioctl.DevStatus, named(name+"x"), payload(key), flags(ioctl.FlagSecureData)))
	require.True(t, allZero(r.b.Bytes()[:minSize]))
	require.Contains(t, string(r.b.Bytes()), string(key))

	// A reply is there all the same, and behind it nothing.
	require.NoError(t, r.raw(ioctl.TableStatus, named(name), payload(bytes.Repeat(key, 100)), flags(ioctl.FlagSecureData)))
	h := r.b.Header()
	require.Equal(t, name, string(h.NameBytes()))
	require.Zero(t, r.has(ioctl.FlagSecureData))
	size := h.DataSize
	h.DataSize = 16 << 10
	require.True(t, allZero(r.b.Bytes()[size:]))

	// Without it the request stays.
	require.Equal(t, syscall.EINVAL, r.raw(ioctl.TableLoad, named(name), secretTable("zero")))
	require.Contains(t, string(r.b.Bytes()), string(key))
}

func allZero(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }

func testWhichDevice(t *testing.T, r *rig) {
	name := r.name(t)
	id := "uuid-of-" + name
	require.NoError(t, r.raw(ioctl.DevCreate, named(name), uuid(id)), "create takes both")
	require.NoError(t, r.raw(ioctl.TableLoad, named(name), zeros(8)))
	require.NoError(t, r.raw(ioctl.DevStatus, named(name)))
	dev := r.b.Header().Dev
	setDev := func(b *ioctl.Buffer) { b.Header().Dev = dev }

	for _, cmd := range []ioctl.Cmd{
		ioctl.DevStatus, ioctl.DevSuspend, ioctl.DevRemove, ioctl.TableClear, ioctl.TableStatus, ioctl.TableDeps, ioctl.DevWait,
		ioctl.TableLoad, ioctl.TargetMsg, ioctl.DevSetGeometry,
	} {
		table := zeros(8)
		require.Equal(t, syscall.EINVAL, r.raw(cmd, table, named(name), uuid(id)), "%v", cmd)
		require.Equal(t, syscall.ENXIO, r.raw(cmd, table, named(name), setDev), "%v", cmd)
		require.Equal(t, syscall.ENXIO, r.raw(cmd, table, uuid(id), setDev), "%v", cmd)
		require.Equal(t, syscall.ENXIO, r.raw(cmd, table), "%v", cmd)
		require.Equal(t, syscall.ENXIO, r.raw(cmd, table, named(name+"x")), "%v", cmd)
		require.Equal(t, syscall.ENXIO, r.raw(cmd, table, uuid(id+"x")), "%v", cmd)
	}
	for _, which := range []func(*ioctl.Buffer){named(name), uuid(id), setDev} {
		require.NoError(t, r.raw(ioctl.DevStatus, which))
		h := r.b.Header()
		require.Equal(t, name, string(h.NameBytes()))
		require.Equal(t, id, string(h.UUIDBytes()))
		require.Equal(t, dev, h.Dev)
	}
}

func testUnknownCommand(t *testing.T, r *rig) {
	require.Equal(t, syscall.ENOTTY, r.raw(ioctl.Cmd(200)))
}

// The kernel cuts a name that does not end; package ioctl never sends one.
func testUnterminatedName(t *testing.T, r *rig) {
	name := r.name(t)
	for len(name) < nameLen-1 {
		name += "x"
	}
	r.clean(t, name)
	require.NoError(t, r.raw(ioctl.DevCreate, named(name)))
	if r.since(48) {
		return
	}
	require.NoError(t, r.raw(ioctl.DevStatus, named(name+"y")))
	require.Equal(t, name, string(r.b.Header().NameBytes()))
}
