package ioctl_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/ioctl"
)

// reply makes a buffer that holds a reply of a kernel with the given ABI.
func reply(minor uint32, flags ioctl.Flags, targets uint32, data []byte) *ioctl.Buffer {
	b := new(ioctl.Buffer)
	b.Reset(ioctl.Version, flags, ioctl.HeaderSize+len(data))
	h := b.Header()
	h.Version = [3]uint32{4, minor, 0}
	h.TargetCount = targets
	copy(b.Bytes()[ioctl.HeaderSize:], data)
	return b
}

func pad(b []byte) []byte { return append(b, make([]byte, (8-len(b)%8)%8)...) }

// targetsReply is a reply of three targets. Offsets count from its start.
func targetsReply() []byte {
	var b []byte
	for i, line := range []string{"", "8:16 0", "a longer line of status"} {
		at := len(b)
		b = host.AppendUint64(b, uint64(8*i))
		b = host.AppendUint64(b, 8)
		b = append(b, make([]byte, 8)...)
		b = append(b, fmt.Sprintf("type%d", i)...)
		b = append(b, make([]byte, at+40-len(b))...)
		b = append(append(b, line...), 0)
		end := len(b)
		if b = pad(b); i == 2 {
			b = b[:end] // the kernel does not pad the last one
		}
		host.PutUint32(b[at+20:], uint32((end+7)&^7))
	}
	return b
}

// namesReply is a reply of three devices, the last without a UUID.
func namesReply() []byte {
	var b []byte
	for i, uuid := range []string{"LVM-abc", "u", ""} {
		at := len(b)
		b = host.AppendUint64(b, uint64(0xfd00+i))
		b = append(b, 0, 0, 0, 0)
		b = pad(append(append(b, fmt.Sprintf("device-%d", i)...), 0))
		b = host.AppendUint32(b, uint32(i+5))
		if uuid == "" {
			b = host.AppendUint32(b, 2)
			continue
		}
		b = host.AppendUint32(b, 1)
		b = pad(append(append(b, uuid...), 0))
		host.PutUint32(b[at+8:], uint32(len(b)-at))
	}
	return b
}

func versionsReply() []byte {
	var b []byte
	for i, name := range []string{"linear", "snapshot-origin", "zero"} {
		at := len(b)
		b = append(b, 0, 0, 0, 0)
		for _, v := range []uint32{1, uint32(i), 7} {
			b = host.AppendUint32(b, v)
		}
		if b = pad(append(append(b, name...), 0)); i < 2 {
			host.PutUint32(b[at:], uint32(len(b)-at))
		}
	}
	return b
}

func depsReply() []byte {
	return host.AppendUint64(host.AppendUint64(host.AppendUint64(nil, 0), 0x810), 0x820)
}

// The readers, each as a list of what it found.

func readTargets(b *ioctl.Buffer) (list []string, err error) {
	r := b.Targets()
	for r.Next() {
		list = append(list, fmt.Sprintf("%d %d %s %s", r.Start, r.Length, r.Type, r.Params))
	}
	return list, r.Err()
}

func readNames(b *ioctl.Buffer) (list []string, err error) {
	r := b.Names()
	for r.Next() {
		list = append(list, fmt.Sprintf("%x %s %d %s", r.Dev, r.Name, r.EventNr, r.UUID))
	}
	return list, r.Err()
}

func readVersions(b *ioctl.Buffer) (list []string, err error) {
	r := b.Versions()
	for r.Next() {
		list = append(list, fmt.Sprintf("%s %v", r.Name, r.Version))
	}
	return list, r.Err()
}

func readDeps(b *ioctl.Buffer) (list []string, err error) {
	devs, err := b.Deps(nil)
	for _, d := range devs {
		list = append(list, fmt.Sprintf("%x", d))
	}
	return list, err
}

func readMessage(b *ioctl.Buffer) ([]string, error) {
	text, err := b.Message()
	if text == nil {
		return nil, err
	}
	return []string{string(text)}, err
}

// A replyKind is one parser with a reply that it reads.
type replyKind struct {
	name    string
	flags   ioctl.Flags
	targets uint32
	data    func() []byte
	read    func(*ioctl.Buffer) ([]string, error)
	want    []string
}

func replyKinds() []replyKind {
	deps := func() []byte {
		b := depsReply()
		host.PutUint32(b, 2)
		return b
	}
	return []replyKind{
		{"Targets", 0, 3, targetsReply, readTargets, []string{"0 8 type0 ", "8 8 type1 8:16 0", "16 8 type2 a longer line of status"}},
		{"Names", ioctl.FlagUUID, 0, namesReply, readNames, []string{"fd00 device-0 5 LVM-abc", "fd01 device-1 6 u", "fd02 device-2 7 "}},
		{"Versions", 0, 0, versionsReply, readVersions, []string{"linear [1 0 7]", "snapshot-origin [1 1 7]", "zero [1 2 7]"}},
		{"Deps", 0, 0, deps, readDeps, []string{"810", "820"}},
		{"Message", ioctl.FlagDataOut, 0, func() []byte { return []byte("the reply\x00") }, readMessage, []string{"the reply"}},
	}
}

func TestReplies(t *testing.T) {
	for _, k := range replyKinds() {
		t.Run(k.name, func(t *testing.T) {
			got, err := k.read(reply(47, k.flags, k.targets, k.data()))
			require.NoError(t, err)
			require.Equal(t, k.want, got)
		})
	}
}

// Cut at every byte, a reply is malformed, or it says less. What it says is
// true.
func TestRepliesCut(t *testing.T) {
	for _, k := range replyKinds() {
		t.Run(k.name, func(t *testing.T) {
			whole := k.data()
			for size := range len(whole) {
				b := reply(47, k.flags, k.targets, whole)
				b.Header().DataSize = uint32(ioctl.HeaderSize + size)
				got, err := k.read(b)
				require.LessOrEqual(t, len(got), len(k.want))
				require.Equal(t, k.want[:len(got)], append([]string{}, got...), "cut at %d", size)
				if err != nil {
					require.ErrorIs(t, err, ioctl.ErrReply)
				} else if size > 0 && len(got) < len(k.want) {
					t.Errorf("cut at %d: %v and no error", size, got)
				}
			}
		})
	}
}

// A buffer that is full has no data, whatever its header says.
func TestRepliesFull(t *testing.T) {
	for _, k := range replyKinds() {
		for _, edit := range []func(h *ioctl.Header){
			func(h *ioctl.Header) { h.Flags |= ioctl.FlagBufferFull; h.Flags &^= ioctl.FlagDataOut },
			func(h *ioctl.Header) { h.DataStart, h.DataSize, h.TargetCount, h.Flags = 312, 305, 0, 0 },
			func(h *ioctl.Header) { h.DataSize, h.TargetCount, h.Flags = 1<<32-1, 0, 0 },
		} {
			b := reply(47, k.flags, k.targets, k.data())
			edit(b.Header())
			got, err := k.read(b)
			require.NoError(t, err, k.name)
			require.Empty(t, got, k.name)
		}
	}
}

func TestNamesOfOlderKernels(t *testing.T) {
	b := reply(36, 0, 0, namesReply())
	got, err := readNames(b)
	require.NoError(t, err)
	require.Equal(t, []string{"fd00 device-0 0 ", "fd01 device-1 0 ", "fd02 device-2 0 "}, got)
	// Before 4.45 the word behind the event number is whatever was there.
	got, err = readNames(reply(44, ioctl.FlagUUID, 0, namesReply()))
	require.NoError(t, err)
	require.Equal(t, []string{"fd00 device-0 5 ", "fd01 device-1 6 ", "fd02 device-2 7 "}, got)
	// Without devices there is one record with number 0, or none.
	got, err = readNames(reply(47, 0, 0, make([]byte, 16)))
	require.NoError(t, err)
	require.Empty(t, got)
}

// Offsets that lead nowhere.
func TestRepliesMalformed(t *testing.T) {
	edit := func(data []byte, at int, v uint32) []byte {
		host.PutUint32(data[at:], v)
		return data
	}
	for _, bad := range []uint32{1, 4, 8, 13, 1 << 20, 1<<32 - 8, 1<<32 - 1} {
		_, err := readNames(reply(47, ioctl.FlagUUID, 0, edit(namesReply(), 8, bad)))
		require.ErrorIs(t, err, ioctl.ErrReply, bad)
		_, err = readVersions(reply(47, 0, 0, edit(versionsReply(), 0, bad)))
		require.ErrorIs(t, err, ioctl.ErrReply, bad)
		_, err = readTargets(reply(47, 0, 3, edit(targetsReply(), 20, bad)))
		require.ErrorIs(t, err, ioctl.ErrReply, bad)
	}
	_, err := readTargets(reply(47, 0, 4, targetsReply()))
	require.ErrorIs(t, err, ioctl.ErrReply)
	_, err = readTargets(reply(47, 0, 1<<32-1, targetsReply()))
	require.ErrorIs(t, err, ioctl.ErrReply)
	for _, count := range []uint32{3, 1 << 20, 1<<32 - 1} {
		_, err = readDeps(reply(47, 0, 0, edit(depsReply(), 0, count)))
		require.ErrorIs(t, err, ioctl.ErrReply, count)
	}
}
