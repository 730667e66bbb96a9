package dmtest

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/units"
)

// messageTests hold the rules of target_message.
var messageTests = []suiteTest{
	{"refused", testRawMessages},
	{"reply", testRawReply},
	{"of package dm", testMessages},
}

// msg is struct dm_target_msg.
func msg(sector uint64, text string) []byte {
	return append(host.AppendUint64(nil, sector), append([]byte(text), 0)...)
}

func testRawMessages(t *testing.T, r *rig) {
	name, tableless := r.make(t, zeros(8)), r.make(t, nil)
	send := func(name string, data []byte, edit ...func(*ioctl.Buffer)) error {
		return r.raw(ioctl.TargetMsg, append([]func(*ioctl.Buffer){named(name), payload(data)}, edit...)...)
	}
	require.Equal(t, syscall.EINVAL, send(name, msg(0, "")), "empty")
	require.Equal(t, syscall.EINVAL, send(name, msg(0, " \t ")), "empty")
	require.Equal(t, syscall.EINVAL, send(name, msg(0, "anything")), "the target takes none")
	require.Equal(t, syscall.EINVAL, send(name, msg(8, "anything")), "outside of the device")
	require.Equal(t, syscall.EINVAL, send(name, msg(0, "@no_such_message")))
	require.Equal(t, syscall.EINVAL, send(name, msg(0, "abcd"), dataSize(headSize+msgText+4)), "no end")
	require.Equal(t, syscall.EINVAL, send(name, msg(0, "x"), func(b *ioctl.Buffer) { b.Header().DataStart = 16 }))
	// Without a table, early releases of 6.1 say that all went well.
	require.Contains(t, []error{nil, syscall.EINVAL}, send(tableless, msg(0, "anything")))
	_, err := r.conn.Device(dm.ByName(tableless)).Message(0, "anything")
	require.ErrorIs(t, err, syscall.EINVAL)
	require.NoError(t, send(tableless, msg(0, "@cancel_deferred_remove")), "the core's need no table")
}

func testRawReply(t *testing.T, r *rig) {
	name := r.make(t, zeros(8))
	send := func(text string, size uint32) error {
		return r.raw(ioctl.TargetMsg, named(name), payload(msg(0, text)), dataSize(size))
	}
	require.NoError(t, send("@stats_create - /1", 4096))
	require.Equal(t, ioctl.FlagDataOut, r.has(ioctl.FlagDataOut|ioctl.FlagBufferFull))
	id, err := r.b.Message()
	require.NoError(t, err)
	require.Equal(t, "0", string(id))
	require.NoError(t, send("@stats_list", 4096))
	list, err := r.b.Message()
	require.NoError(t, err)
	require.Equal(t, "0: 0+8 8 - -\n", string(list))

	// A reply that does not fit comes cut, and says so.
	require.NoError(t, send("@stats_create - /1", 4096))
	require.NoError(t, send("@stats_list", headSize+msgText+12))
	require.Equal(t, ioctl.FlagDataOut|ioctl.FlagBufferFull, r.has(ioctl.FlagDataOut|ioctl.FlagBufferFull))
	_, err = r.b.Message()
	require.ErrorIs(t, err, ioctl.ErrReply)
	require.NoError(t, send("@stats_delete 0", 4096))
	require.Zero(t, r.has(ioctl.FlagDataOut))
	none, err := r.b.Message()
	require.NoError(t, err)
	require.Nil(t, none)
	require.NoError(t, send("@stats_delete 1", 4096))
	require.Equal(t, syscall.ENOENT, send("@stats_delete 0", 4096))
}

func testMessages(t *testing.T, r *rig) {
	name := r.name(t)
	d, err := r.conn.Create(t.Context(), dm.CreateRequest{Name: name, Table: zeroTable(8)})
	require.NoError(t, err)
	reply, err := d.Message(0, "@stats_create - /1")
	require.NoError(t, err)
	require.Equal(t, "0", reply)
	_, err = d.Message(0, "no message")
	require.ErrorIs(t, err, syscall.EINVAL)
	require.EqualError(t, err, `dm: message "`+name+`": invalid argument`)
	_, err = d.Message(0, "a\x00b")
	require.ErrorIs(t, err, ioctl.ErrZeroByte)
	_, err = d.Message(units.Sectors(8), "x")
	require.ErrorIs(t, err, syscall.EINVAL)
}
