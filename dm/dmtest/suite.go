package dmtest

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/dmwire"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/units"
)

// System is a kernel for the suite to run on, and what the suite needs around
// it. All fields are required.
type System struct {
	// Open returns a control node of its own, which the suite closes.
	Open func(t testing.TB) dmwire.Kernel
	// Disk returns a disk of the given size, which goes when the test ends.
	Disk func(t testing.TB, size units.Sectors) dm.Dev
	// Hold opens the device of the given name, as a program does, until
	// release is called.
	Hold func(t testing.TB, name string) (release func())
	// Name returns a device name that nothing else has. All names that one
	// test gets begin in the same way, and no other name does.
	Name func(t testing.TB) string
}

// Run runs the conformance suite: what package dm does, and each rule of the
// kernel that it relies on.
func Run(t *testing.T, s System) {
	for _, group := range []struct {
		name  string
		tests []suiteTest
	}{
		{"frame", frameTests}, {"device", deviceTests}, {"table", tableTests}, {"suspend", suspendTests},
		{"remove", removeTests}, {"list", listTests}, {"event", eventTests}, {"message", messageTests},
		{"name", nameTests}, {"life", lifeTests}, {"thin", thinTests},
	} {
		t.Run(group.name, func(t *testing.T) {
			for _, test := range group.tests {
				t.Run(test.name, func(t *testing.T) { test.run(t, newRig(t, s)) })
			}
		})
	}
}

type suiteTest struct {
	name string
	run  func(*testing.T, *rig)
}

// rig is a test's hold on the system: a connection, a control node for raw
// requests, and the devices to be removed when the test ends.
type rig struct {
	System
	conn *dm.Conn
	k    dmwire.Kernel
	b    ioctl.Buffer
}

func newRig(t *testing.T, s System) *rig {
	t.Helper()
	r := &rig{System: s, k: s.Open(t)}
	t.Cleanup(func() { require.NoError(t, r.k.Close()) })
	r.conn = r.connect(t, dm.Config{})
	return r
}

// connect returns a connection over a control node of its own, without nodes
// and udev.
func (r *rig) connect(t *testing.T, cfg dm.Config) *dm.Conn {
	t.Helper()
	cfg.Udev, cfg.NoNodes = dm.UdevOff, true
	conn, err := dm.NewConn(r.Open(t), &cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	return conn
}

// name returns a new name, and removes the device that may have it when the
// test ends.
func (r *rig) name(t *testing.T) string {
	t.Helper()
	name := r.Name(t)
	r.clean(t, name)
	return name
}

// clean removes the device of the given name, if there is one, when the test
// ends.
func (r *rig) clean(t *testing.T, name string) {
	t.Helper()
	t.Cleanup(func() {
		err := r.conn.Device(dm.ByName(name)).Remove(context.Background(), dm.RemoveOptions{Retry: 5 * time.Second})
		if !errors.Is(err, syscall.ENXIO) {
			require.NoError(t, err)
		}
	})
}

// raw sends one request as it is, and returns the errno. The reply is in r.b.
func (r *rig) raw(cmd ioctl.Cmd, edit ...func(*ioctl.Buffer)) error {
	r.b.Reset(cmd, 0, 16<<10)
	for _, e := range edit {
		e(&r.b)
	}
	return r.k.Ioctl(cmd, &r.b)
}

// The parts of a raw request.

func named(name string) func(*ioctl.Buffer) {
	return func(b *ioctl.Buffer) { copy(b.Header().Name[:], name) }
}

func uuid(uuid string) func(*ioctl.Buffer) {
	return func(b *ioctl.Buffer) { copy(b.Header().UUID[:], uuid) }
}

func flags(f ioctl.Flags) func(*ioctl.Buffer) {
	return func(b *ioctl.Buffer) { b.Header().Flags |= f }
}

func dataSize(n uint32) func(*ioctl.Buffer) {
	return func(b *ioctl.Buffer) { b.Header().DataSize = n }
}

func number(dev dm.Dev) func(*ioctl.Buffer) {
	return func(b *ioctl.Buffer) { b.Header().Dev = dev.Uint64() }
}

// payload puts bytes behind the header.
func payload(data []byte) func(*ioctl.Buffer) {
	return func(b *ioctl.Buffer) { copy(b.Bytes()[headSize:], data) }
}

func str(s string) func(*ioctl.Buffer) { return payload(append([]byte(s), 0)) }

// spec is one struct dm_target_spec with its params, next bytes long.
func spec(start, length uint64, next uint32, typ, params string) []byte {
	b := make([]byte, max(int(next), specSize+len(params)+1))
	host.PutUint64(b, start)
	host.PutUint64(b[8:], length)
	host.PutUint32(b[specNext:], next)
	copy(b[specType:], typ)
	copy(b[specSize:], params)
	return b
}

func targets(specs ...[]byte) func(*ioctl.Buffer) {
	return func(b *ioctl.Buffer) {
		var all []byte
		for _, s := range specs {
			all = append(all, s...)
		}
		payload(all)(b)
		b.Header().TargetCount = uint32(len(specs))
	}
}

// zeros is a table of one segment.
func zeros(length uint64) func(*ioctl.Buffer) { return targets(spec(0, length, 48, "zero", "")) }

// make creates a device and gives it a table, with raw requests.
func (r *rig) make(t *testing.T, table func(*ioctl.Buffer)) string {
	t.Helper()
	name := r.name(t)
	require.NoError(t, r.raw(ioctl.DevCreate, named(name)))
	if table != nil {
		require.NoError(t, r.raw(ioctl.TableLoad, named(name), table))
		require.NoError(t, r.raw(ioctl.DevSuspend, named(name)))
	}
	return name
}

// has reports the flags of the last reply that are among f.
func (r *rig) has(f ioctl.Flags) ioctl.Flags { return r.b.Header().Flags & f }

// since reports whether the kernel has at least ABI 4.minor.
func (r *rig) since(minor uint32) bool {
	return !r.conn.ABI().Less(ioctl.ABI{Major: 4, Minor: minor})
}

// zeroTable is a table of one segment.
func zeroTable(length units.Sectors) dm.Table { return dm.Table{{Length: length, Target: dm.Zero{}}} }

// soon waits for what the kernel does in its own time.
func soon(t *testing.T, what string, done func() bool) {
	t.Helper()
	require.Eventually(t, done, 5*time.Second, time.Millisecond, what)
}
