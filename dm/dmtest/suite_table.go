package dmtest

import (
	"fmt"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/ioctl"
)

// tableTests hold the rules of table_load, populate_table,
// dm_table_add_target, table_status and table_deps.
var tableTests = []suiteTest{
	{"segments", testRawSegments},
	{"alignment", testRawAlignment},
	{"specs", testRawSpecs},
	{"targets", testRawTargets},
	{"devices", testRawDevices},
	{"areas", testRawAreas},
	{"immutable", testRawImmutable},
	{"dependencies", testRawDeps},
	{"status", testRawTableStatus},
	{"clear", testRawClear},
}

func testRawSegments(t *testing.T, r *rig) {
	name := r.make(t, nil)
	zero := func(start, length uint64) []byte { return spec(start, length, 48, "zero", "") }
	const last = maxSectors
	for _, tt := range []struct {
		what  string
		specs [][]byte
		want  error
	}{
		{"none", nil, syscall.EINVAL},
		{"empty", [][]byte{zero(0, 0)}, syscall.EINVAL},
		{"not from zero", [][]byte{zero(8, 8)}, syscall.EINVAL},
		{"a gap", [][]byte{zero(0, 8), zero(16, 8)}, syscall.EINVAL},
		{"an overlap", [][]byte{zero(0, 8), zero(4, 8)}, syscall.EINVAL},
		{"the wrong order", [][]byte{zero(8, 8), zero(0, 8)}, syscall.EINVAL},
		{"too large", [][]byte{zero(0, 1<<54)}, syscall.EINVAL},
		{"around the end", [][]byte{zero(0, 8), zero(8, 1<<64-8)}, syscall.EINVAL},
		{"as large as can be", [][]byte{zero(0, last)}, nil},
		{"two", [][]byte{zero(0, 8), zero(8, 1)}, nil},
	} {
		err := r.raw(ioctl.TableLoad, named(name), targets(tt.specs...))
		if tt.want == nil {
			require.NoError(t, err, tt.what)
			require.Equal(t, ioctl.FlagInactivePresent, r.has(ioctl.FlagInactivePresent|ioctl.FlagActivePresent))
			continue
		}
		require.Equal(t, tt.want, err, tt.what)
	}
	// A refused table leaves the one that was there.
	require.Equal(t, syscall.EINVAL, r.raw(ioctl.TableLoad, named(name), targets(zero(8, 8))))
	require.NoError(t, r.raw(ioctl.DevStatus, named(name), flags(ioctl.FlagQueryInactive)))
	require.EqualValues(t, 2, r.b.Header().TargetCount)
}

func testRawAlignment(t *testing.T, r *rig) {
	name := r.make(t, nil)
	err := r.raw(ioctl.TableLoad, named(name), targets(spec(0, 8, 44, "zero", ""), spec(8, 8, 44, "zero", "")))
	if r.since(48) {
		require.Equal(t, syscall.EINVAL, err)
		return
	}
	require.NoError(t, err)
}

// Offsets and strings that lead out of the request.
func testRawSpecs(t *testing.T, r *rig) {
	name := r.make(t, nil)
	load := func(edit ...func(*ioctl.Buffer)) error {
		return r.raw(ioctl.TableLoad, append([]func(*ioctl.Buffer){named(name)}, edit...)...)
	}
	two := targets(spec(0, 8, 48, "zero", ""), spec(8, 8, 48, "zero", ""))
	require.NoError(t, load(two))
	next := func(n uint32) func(*ioctl.Buffer) {
		return func(b *ioctl.Buffer) { host.PutUint32(b.Bytes()[headSize+specNext:], n) }
	}
	for _, n := range []uint32{0, 8, 32, 16 << 10, 1 << 31, 1<<32 - 8} {
		require.Equal(t, syscall.EINVAL, load(two, next(n)), n)
	}
	start := func(n uint32) func(*ioctl.Buffer) { return func(b *ioctl.Buffer) { b.Header().DataStart = n } }
	for _, n := range []uint32{0, 16, 16 << 10, 1 << 31} {
		require.Equal(t, syscall.EINVAL, load(two, start(n)), n)
	}
	require.Equal(t, syscall.EINVAL, load(targets(spec(0, 8, 48, "zero", "")), dataSize(headSize+specSize)), "no end of params")
	require.NoError(t, load(targets(spec(0, 8, 48, "zero", "")), dataSize(headSize+specSize+1)))
	require.Equal(t, syscall.EINVAL, load(two, func(b *ioctl.Buffer) { b.Header().TargetCount = 3 }), "more than there are")
	err := load(two, func(b *ioctl.Buffer) { b.Header().TargetCount = 1 << 31 })
	require.Contains(t, []error{syscall.EINVAL, syscall.EOVERFLOW, syscall.ENOMEM}, err)
}

func testRawTargets(t *testing.T, r *rig) {
	name := r.make(t, nil)
	disk := r.Disk(t, 256).String()
	for _, tt := range []struct {
		typ, params string
		want        error
	}{
		{"no-such-target", "", syscall.EINVAL}, {"", "", syscall.EINVAL}, {"fifteen-bytes-x", "", syscall.EINVAL},
		{"zero", "1", syscall.EINVAL}, {"zero", " \t", nil}, {"error", "", nil},
		{"linear", "", syscall.EINVAL}, {"linear", disk, syscall.EINVAL}, {"linear", disk + " x", syscall.EINVAL},
		{"linear", disk + " -", syscall.EINVAL}, {"linear", disk + " 0 0", syscall.EINVAL}, {"linear", disk + " 0", nil},
		{"linear", "  " + disk + "\t 8 ", nil},
		{"striped", "", syscall.EINVAL}, {"striped", "0 8 " + disk + " 0", syscall.EINVAL}, {"striped", "1 0 " + disk + " 0", syscall.EINVAL},
		{"striped", "2 8 " + disk + " 0", syscall.EINVAL}, {"striped", "3 8 " + disk + " 0 " + disk + " 0 " + disk + " 0", syscall.EINVAL},
		{"striped", "1 24 " + disk + " 0", syscall.EINVAL}, {"striped", "2 8 " + disk + " 0 " + disk + " 64", nil},
	} {
		err := r.raw(ioctl.TableLoad, named(name), targets(spec(0, 64, uint32(align(specSize+len(tt.params)+1)), tt.typ, tt.params)))
		if tt.want == nil {
			require.NoError(t, err, "%s %q", tt.typ, tt.params)
			continue
		}
		require.Equal(t, tt.want, err, "%s %q", tt.typ, tt.params)
	}
	require.NoError(t, r.raw(ioctl.DevSuspend, named(name)))
	table, err := r.conn.Device(dm.ByName(name)).Table(dm.TableQuery{})
	require.NoError(t, err)
	require.Equal(t, fmt.Sprintf("0 64 striped 2 8 %s 0 %s 64", disk, disk), table.String())
}

// A device that is not there, by number and by path.
func testRawDevices(t *testing.T, r *rig) {
	name, tableless := r.make(t, nil), r.make(t, nil)
	require.NoError(t, r.raw(ioctl.DevStatus, named(tableless)))
	noDisk := dm.DevFromUint64(r.b.Header().Dev).String()
	load := func(dev string) error {
		params := dev + " 0"
		return r.raw(ioctl.TableLoad, named(name), targets(spec(0, 8, uint32(align(specSize+len(params)+1)), "linear", params)))
	}
	require.Equal(t, syscall.ENXIO, load("4000:5"))
	require.Equal(t, syscall.ENXIO, load(noDisk), "a device that never had a table")
	require.Contains(t, []error{syscall.ENODEV, syscall.ENOENT, syscall.EINVAL}, load("/dev/no-such-device"))
	require.Contains(t, []error{syscall.ENODEV, syscall.EINVAL, syscall.EOVERFLOW}, load("4096:0"))
}

// What reaches beyond the end of a disk is refused when it is loaded, if the
// device has no table yet; later only when it is resumed, and then the device
// stays suspended with its old table.
func testRawAreas(t *testing.T, r *rig) {
	disk := r.Disk(t, 64).String()
	linear := func(length uint64, offset int) func(*ioctl.Buffer) {
		params := fmt.Sprintf("%s %d", disk, offset)
		return targets(spec(0, length, uint32(align(specSize+len(params)+1)), "linear", params))
	}
	name := r.make(t, nil)
	require.Equal(t, syscall.EINVAL, r.raw(ioctl.TableLoad, named(name), linear(64, 1)))
	require.Equal(t, syscall.EINVAL, r.raw(ioctl.TableLoad, named(name), linear(1, 64)))
	require.NoError(t, r.raw(ioctl.TableLoad, named(name), linear(64, 0)))
	require.NoError(t, r.raw(ioctl.DevSuspend, named(name)))

	require.NoError(t, r.raw(ioctl.TableLoad, named(name), linear(65, 0)))
	require.Equal(t, syscall.EINVAL, r.raw(ioctl.DevSuspend, named(name)))
	require.NoError(t, r.raw(ioctl.TableStatus, named(name), flags(ioctl.FlagStatusTable)))
	require.Equal(t, ioctl.FlagSuspend|ioctl.FlagActivePresent,
		r.has(ioctl.FlagSuspend|ioctl.FlagActivePresent|ioctl.FlagInactivePresent))
	lines := r.b.Targets()
	require.True(t, lines.Next())
	require.EqualValues(t, 64, lines.Length)
	require.NoError(t, r.raw(ioctl.DevSuspend, named(name)))
}

func testRawImmutable(t *testing.T, r *rig) {
	meta, data := r.Disk(t, 4096), r.Disk(t, 4096)
	params := fmt.Sprintf("%v %v 128 0", meta, data)
	pool := func(start uint64) []byte {
		return spec(start, 1024, uint32(align(specSize+len(params)+1)), "thin-pool", params)
	}
	name := r.make(t, nil)
	load := func(specs ...[]byte) error { return r.raw(ioctl.TableLoad, named(name), targets(specs...)) }
	require.Equal(t, syscall.EINVAL, load(pool(0), spec(1024, 8, 48, "zero", "")), "alone")
	require.Equal(t, syscall.EINVAL, load(spec(0, 8, 48, "zero", ""), pool(8)), "alone")
	require.Equal(t, syscall.EINVAL, r.raw(ioctl.TableLoad, named(name), targets(pool(0)), flags(ioctl.FlagReadOnly)))
	require.NoError(t, load(pool(0)))
	require.NoError(t, r.raw(ioctl.DevSuspend, named(name)))
	require.Equal(t, syscall.EINVAL, load(spec(0, 1024, 48, "zero", "")), "for ever")
	require.NoError(t, load(spec(0, 1024, 48, "error", "")), "but for the error target")
	require.NoError(t, load(pool(0)))
}

func testRawDeps(t *testing.T, r *rig) {
	disk := r.Disk(t, 256)
	below := r.make(t, zeros(64))
	require.NoError(t, r.raw(ioctl.DevStatus, named(below)))
	belowDev := r.b.Header().Dev
	name := r.make(t, nil)
	deps := func() []uint64 {
		require.NoError(t, r.raw(ioctl.TableDeps, named(name)))
		devs, err := r.b.Deps(nil)
		require.NoError(t, err)
		return devs
	}
	require.Empty(t, deps(), "no table at all")
	line := func(start uint64, dev dm.Dev) []byte {
		params := dev.String() + " 0"
		return spec(start, 8, uint32(align(specSize+len(params)+1)), "linear", params)
	}
	require.NoError(t, r.raw(ioctl.TableLoad, named(name),
		targets(line(0, disk), line(8, dm.DevFromUint64(belowDev)), line(16, disk))))
	require.Empty(t, deps(), "not yet active")
	require.NoError(t, r.raw(ioctl.TableDeps, named(name), flags(ioctl.FlagQueryInactive)))
	inactive, err := r.b.Deps(nil)
	require.NoError(t, err)
	require.Equal(t, []uint64{belowDev, disk.Uint64()}, inactive, "each once, the last first")
	require.NoError(t, r.raw(ioctl.DevSuspend, named(name)))
	require.Equal(t, inactive, deps())

	// A table has its devices open, the inactive one too.
	opens := func() int32 {
		require.NoError(t, r.raw(ioctl.DevStatus, named(below)))
		return r.b.Header().OpenCount
	}
	require.EqualValues(t, 1, opens())
	require.Equal(t, syscall.EBUSY, r.raw(ioctl.DevRemove, named(below)))
	require.NoError(t, r.raw(ioctl.TableLoad, named(name), zeros(8)))
	require.NoError(t, r.raw(ioctl.DevSuspend, named(name)))
	require.EqualValues(t, 0, opens())
}

func testRawTableStatus(t *testing.T, r *rig) {
	disk := r.Disk(t, 256)
	name := r.make(t, nil)
	read := func(f ioctl.Flags) []string {
		require.NoError(t, r.raw(ioctl.TableStatus, named(name), flags(f)))
		var lines []string
		targets := r.b.Targets()
		for targets.Next() {
			lines = append(lines, fmt.Sprintf("%d %d %s %s", targets.Start, targets.Length, targets.Type, targets.Params))
		}
		require.NoError(t, targets.Err())
		return lines
	}
	require.Empty(t, read(0))
	require.Empty(t, read(ioctl.FlagQueryInactive))
	params := fmt.Sprintf("2 8 %v 0 %v 64", disk, disk)
	require.NoError(t, r.raw(ioctl.TableLoad, named(name),
		targets(spec(0, 8, 48, "zero", ""), spec(8, 32, uint32(align(specSize+len(params)+1)), "striped", params))))
	require.Empty(t, read(ioctl.FlagStatusTable))
	table := []string{"0 8 zero ", "8 32 striped " + params}
	require.Equal(t, table, read(ioctl.FlagStatusTable|ioctl.FlagQueryInactive))
	require.NoError(t, r.raw(ioctl.DevSuspend, named(name)))
	require.Equal(t, table, read(ioctl.FlagStatusTable))
	require.Equal(t, table, read(ioctl.FlagStatusTable|ioctl.FlagIMAMeasurement), "the table wins")
	require.Equal(t, []string{"0 8 zero ", fmt.Sprintf("8 32 striped 2 %v %v 1 AA", disk, disk)}, read(ioctl.FlagNoFlush))
	require.Empty(t, read(ioctl.FlagQueryInactive))
}

func testRawClear(t *testing.T, r *rig) {
	name := r.make(t, zeros(8))
	require.NoError(t, r.raw(ioctl.TableClear, named(name)), "nothing to clear")
	require.NoError(t, r.raw(ioctl.TableLoad, named(name), zeros(16)))
	require.NoError(t, r.raw(ioctl.TableClear, named(name)))
	require.Equal(t, ioctl.FlagActivePresent, r.has(ioctl.FlagActivePresent|ioctl.FlagInactivePresent))
	require.NoError(t, r.raw(ioctl.DevSuspend, named(name)))
	require.EqualValues(t, 1, r.b.Header().TargetCount)
}
