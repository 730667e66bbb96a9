package dm_test

import (
	"bytes"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/dm/dmtest"
	"github.com/rok-storage/rok/internal/dmwire"
	"github.com/rok-storage/rok/ioctl"
)

const testKey = "6b6579206f6620746869732074657374"

// secret is a target with a key.
type secret struct{ dm.Raw }

func (s secret) Redact() dm.Target {
	return dm.Raw{Name: s.Name, Params: strings.ReplaceAll(s.Params, testKey, strings.Repeat("0", len(testKey)))}
}

// watched remembers each buffer that it was handed.
type watched struct {
	dmwire.Kernel
	buffers map[*ioctl.Buffer]bool
	carried int // requests that held the key
}

func (w *watched) Ioctl(cmd ioctl.Cmd, b *ioctl.Buffer) error {
	w.buffers[b] = true
	if bytes.Contains(b.Bytes(), []byte(testKey)) {
		w.carried++
		if b.Header().Flags&ioctl.FlagSecureData == 0 {
			return syscall.EPERM
		}
	}
	return w.Kernel.Ioctl(cmd, b)
}

func (w *watched) clean(t *testing.T) {
	t.Helper()
	require.NotEmpty(t, w.buffers)
	for b := range w.buffers {
		b.Header().DataSize = 0 // all of it
		require.False(t, bytes.Contains(b.Bytes(), []byte(testKey)))
	}
}

// A key goes to the kernel and nowhere else: the buffers that carried it are
// wiped, and no error and no trace has it.
func TestSecrets(t *testing.T) {
	k := dmtest.NewKernel(dmtest.Config{})
	disk := k.AddDisk("", 1<<20)
	w := &watched{Kernel: k, buffers: map[*ioctl.Buffer]bool{}}
	var traces []dm.Trace
	conn, err := dm.NewConn(w, &dm.Config{Udev: dm.UdevOff, NoNodes: true, Trace: func(tr dm.Trace) { traces = append(traces, tr) }})
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	table := func(target string, padding int) dm.Table {
		params := fmt.Sprintf("aes-xts-plain64 %s 0 %v 0%s", testKey, disk, strings.Repeat(" ", padding))
		return dm.Table{{Length: 8, Target: secret{dm.Raw{Name: target, Params: params}}}}
	}
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: "a", Table: table("crypt", 0)})
	require.NoError(t, err)
	w.clean(t)

	failures := []error{
		d.Load(table("no-such-target", 0), dm.TableOptions{}),
		d.Load(append(table("crypt", 0), dm.Segment{Start: 8, Length: 8, Target: dm.Raw{Name: "no-such-target"}}), dm.TableOptions{}),
		d.Load(dm.Table{{Length: 8, Target: secret{dm.Raw{Name: "crypt", Params: testKey + "\x00"}}}}, dm.TableOptions{}),
		d.Load(dm.Table{{Length: 0, Target: secret{dm.Raw{Name: "crypt", Params: testKey}}}}, dm.TableOptions{}),
	}
	for _, err := range failures {
		require.Error(t, err)
		require.NotContains(t, fmt.Sprintf("%v %+v", err, err), testKey)
	}
	w.clean(t)

	// A reply with the key that does not fit at first, too.
	require.NoError(t, d.Swap(t.Context(), table("crypt", 0), dm.TableOptions{}, dm.SuspendOptions{}))
	long := linearTable(disk, 500)
	long = append(long, dm.Segment{Start: long.Size(), Length: 8, Target: table("crypt", 0)[0].Target})
	require.NoError(t, d.Swap(t.Context(), long, dm.TableOptions{}, dm.SuspendOptions{}))
	read, err := d.Table(dm.TableQuery{})
	require.NoError(t, err)
	text, err := read.AppendText(nil)
	require.NoError(t, err)
	require.Contains(t, string(text), testKey)
	w.clean(t)
	var lines dm.Lines
	require.NoError(t, d.ReadTable(&lines, dm.TableQuery{}))
	lines.Wipe()
	require.False(t, lines.Next())
	w.clean(t)

	// In a message, too.
	_, err = d.Message(0, "key set "+testKey)
	require.Error(t, err)
	w.clean(t)
	_, err = d.Message(0, "key set "+testKey+"\x00")
	require.ErrorIs(t, err, ioctl.ErrZeroByte)
	require.NotContains(t, err.Error(), testKey)

	require.Positive(t, w.carried)
	require.NotContains(t, fmt.Sprintf("%+v", traces), testKey)
	require.NotContains(t, table("crypt", 0).String(), testKey)
}
