package ioctl_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/ioctl"
)

var host = binary.NativeEndian

// golden builds the bytes of a request field by field, at the offsets of
// dm-ioctl.h.
func golden(version [3]uint32, size, targets uint32, flags ioctl.Flags, name, uuid string, data ...[]byte) []byte {
	var b []byte
	for _, v := range version {
		b = host.AppendUint32(b, v)
	}
	b = host.AppendUint32(b, size)
	b = host.AppendUint32(b, 312)
	b = host.AppendUint32(b, targets)
	b = host.AppendUint32(b, 0)
	b = host.AppendUint32(b, uint32(flags))
	b = append(b, make([]byte, 8+8)...)
	b = append(b, name...)
	b = append(b, make([]byte, 48+128-len(b))...)
	b = append(b, uuid...)
	b = append(b, make([]byte, 312-len(b))...)
	for _, d := range data {
		b = append(b, d...)
	}
	return b
}

func TestEncode(t *testing.T) {
	spec := func(start, length uint64, next uint32, typ, params string) []byte {
		b := host.AppendUint64(nil, start)
		b = host.AppendUint64(b, length)
		b = host.AppendUint32(b, 0)
		b = host.AppendUint32(b, next)
		b = append(b, typ...)
		b = append(b, make([]byte, 40-len(b))...)
		b = append(b, params...)
		return append(b, make([]byte, int(next)-len(b))...)
	}
	tests := []struct {
		name  string
		build func(b *ioctl.Buffer) error
		want  []byte
	}{
		{"header", func(b *ioctl.Buffer) error {
			b.Reset(ioctl.DevStatus, ioctl.FlagSuspend, 0)
			return b.SetName("vg-lv")
		}, golden([3]uint32{4, 0, 0}, 312, 0, ioctl.FlagSuspend, "vg-lv", "")},
		{"name and UUID", func(b *ioctl.Buffer) error {
			b.Reset(ioctl.DevCreate, 0, 0)
			require.NoError(t, b.SetName(strings.Repeat("n", 127)))
			require.NoError(t, b.SetName("shorter"))
			return b.SetUUID(strings.Repeat("u", 128))
		}, golden([3]uint32{4, 0, 0}, 312, 0, 0, "shorter", strings.Repeat("u", 128))},
		{"room for a reply", func(b *ioctl.Buffer) error {
			b.Reset(ioctl.DevArmPoll, 0, 320)
			return nil
		}, golden([3]uint32{4, 37, 0}, 320, 0, 0, "", "", make([]byte, 8))},
		{"table", func(b *ioctl.Buffer) error {
			b.Reset(ioctl.TableLoad, 0, 0)
			require.NoError(t, b.SetName("d"))
			require.NoError(t, b.AppendTarget(0, 8, "zero", nil))
			require.NoError(t, b.AppendTarget(8, 1, "fifteen-bytes-x", []byte("1234567")))
			return b.AppendTarget(9, 2, "linear", []byte("8:16 4096"))
		}, golden([3]uint32{4, 0, 0}, 312+48+48+56, 3, 0, "d", "",
			spec(0, 8, 48, "zero", ""), spec(8, 1, 48, "fifteen-bytes-x", "1234567"), spec(9, 2, 56, "linear", "8:16 4096"))},
		{"string", func(b *ioctl.Buffer) error {
			b.Reset(ioctl.DevRename, 0, 0)
			return b.AppendString("new")
		}, golden([3]uint32{4, 0, 0}, 316, 0, 0, "", "", []byte("new\x00"))},
		{"message", func(b *ioctl.Buffer) error {
			b.Reset(ioctl.TargetMsg, 0, 0)
			return b.AppendMessage(7, "hi")
		}, golden([3]uint32{4, 2, 0}, 323, 0, 0, "", "", host.AppendUint64(nil, 7), []byte("hi\x00"))},
	}
	// The same buffer again and again, dirty: nothing of a request may be seen
	// in the next one.
	var b ioctl.Buffer
	b.Reset(ioctl.TableLoad, 0, 1<<10)
	for i := range b.Bytes() {
		b.Bytes()[i] = 0xff
	}
	for range 2 {
		for _, tt := range tests {
			require.NoError(t, tt.build(&b), tt.name)
			got := b.Bytes()
			if tt.name == "room for a reply" {
				got = append(bytes.Clone(got[:312]), make([]byte, 8)...) // what a reply overwrites may be anything
			}
			require.Equal(t, tt.want, got, tt.name)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	var b ioctl.Buffer
	b.Reset(ioctl.TableLoad, 0, 0)
	for name, err := range map[string]error{
		"name":     b.SetName(strings.Repeat("n", 128)),
		"uuid":     b.SetUUID(strings.Repeat("u", 129)),
		"type":     b.AppendTarget(0, 8, "sixteen-bytes-xx", nil),
		"too much": b.AppendTarget(0, 8, "zero", make([]byte, ioctl.MaxName)), // zero bytes
	} {
		require.Error(t, err, name)
	}
	require.ErrorIs(t, b.SetName(strings.Repeat("n", 200)), ioctl.ErrTooLong)
	require.ErrorIs(t, b.SetUUID(strings.Repeat("u", 200)), ioctl.ErrTooLong)
	b.Reset(ioctl.TableLoad, 0, 0)
	require.ErrorIs(t, b.AppendTarget(0, 8, strings.Repeat("t", 16), nil), ioctl.ErrTooLong)
	for name, err := range map[string]error{
		"name": b.SetName("a\x00b"), "uuid": b.SetUUID("\x00"), "string": b.AppendString("a\x00"),
		"message": b.AppendMessage(0, "\x00"), "params": b.AppendTarget(0, 8, "zero", []byte{0}),
		"type": b.AppendTarget(0, 8, "a\x00", nil),
	} {
		require.ErrorIs(t, err, ioctl.ErrZeroByte, name)
	}
}

// A buffer that grows leaves no copy of a key behind, and Wipe leaves nothing.
func TestWipe(t *testing.T) {
	var b ioctl.Buffer
	b.Reset(ioctl.TableLoad, ioctl.FlagSecureData, 0)
	require.NoError(t, b.AppendTarget(0, 8, "crypt", []byte("the key")))
	before := b.Bytes()
	require.Contains(t, string(before), "the key")
	require.NoError(t, b.AppendTarget(8, 8, "crypt", bytes.Repeat([]byte("x"), 1<<16)))
	require.NotContains(t, string(before), "the key")
	require.Contains(t, string(b.Bytes()), "the key")
	size := b.Cap()
	b.Wipe()
	require.Equal(t, size, b.Cap())
	require.Equal(t, make([]byte, size), b.Bytes())
}

func TestZeroBuffer(t *testing.T) {
	var b ioctl.Buffer
	require.Zero(t, b.Cap())
	require.GreaterOrEqual(t, len(b.Bytes()), ioctl.HeaderSize)
	require.False(t, new(b.Targets()).Next())
	require.False(t, new(b.Names()).Next())
	require.False(t, new(b.Versions()).Next())
	text, err := b.Message()
	require.NoError(t, err)
	require.Nil(t, text)
}

func TestEncodeAllocations(t *testing.T) {
	var b ioctl.Buffer
	params := []byte("253:1 123456")
	load := func() {
		b.Reset(ioctl.TableLoad, 0, 0)
		for i := range uint64(1000) {
			if err := b.AppendTarget(i*8, 8, "linear", params); err != nil {
				t.Error(err)
			}
		}
	}
	load()
	require.Zero(t, testing.AllocsPerRun(10, load))
}
