package dmtest_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/dm/dmtest"
	"github.com/rok-storage/rok/internal/dmwire"
	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/ioctl"
)

// twin is one of two kernels that get the same requests. What differs between
// them by right, such as device numbers, is given and shown in words of its
// own.
type twin struct {
	k     dmwire.Kernel
	disks [2]dm.Dev
	names [8]string // the first half is made, the second renamed to
	b     ioctl.Buffer
}

// dev returns the number of the device with the given name, or one that no
// device has.
func (w *twin) dev(name string) dm.Dev {
	var b ioctl.Buffer
	b.Reset(ioctl.DevStatus, 0, 0)
	if b.SetName(name) != nil || w.k.Ioctl(ioctl.DevStatus, &b) != nil {
		return dm.Dev{Major: 4000, Minor: 1}
	}
	return dm.DevFromUint64(b.Header().Dev)
}

// fill replaces what stands for names and numbers in a template.
func (w *twin) fill(template string) string {
	for i, name := range w.names {
		if mark := fmt.Sprintf("<dev%d>", i); strings.Contains(template, mark) {
			template = strings.ReplaceAll(template, mark, w.dev(name).String())
		}
		template = strings.ReplaceAll(template, fmt.Sprintf("<name%d>", i), name)
	}
	for i, d := range w.disks {
		template = strings.ReplaceAll(template, fmt.Sprintf("<disk%d>", i), d.String())
	}
	return template
}

// shown is the reverse of fill.
func (w *twin) shown(text string) string {
	for i, d := range w.disks {
		text = strings.ReplaceAll(text, d.String(), fmt.Sprintf("<disk%d>", i))
	}
	for i, name := range w.names {
		if dev := w.dev(name); dev.Major != 4000 {
			text = strings.ReplaceAll(text, dev.String(), fmt.Sprintf("<dev%d>", i))
		}
	}
	for i, name := range w.names {
		text = strings.ReplaceAll(text, name, fmt.Sprintf("<name%d>", i))
	}
	return text
}

// step is one request with templates in place of names.
type step struct {
	cmd        ioctl.Cmd
	flags      ioctl.Flags
	name, uuid string
	size       uint32 // zero: as large as need be
	specs      []specStep
	data       string
}

type specStep struct {
	start, length uint64
	next          int // added to what is right
	typ, params   string
}

// run carries s out and tells all that came back.
func (w *twin) run(s step) string {
	w.b.Reset(s.cmd, s.flags, 16<<10)
	h := w.b.Header()
	copy(h.Name[:], w.fill(s.name))
	copy(h.UUID[:], w.fill(s.uuid))
	h.TargetCount = uint32(len(s.specs))
	if s.cmd == ioctl.DevWait {
		h.EventNr = 1 << 30
	}
	payload := []byte(w.fill(s.data))
	for _, spec := range s.specs {
		at := len(payload)
		payload = binary.NativeEndian.AppendUint64(payload, spec.start)
		payload = binary.NativeEndian.AppendUint64(payload, spec.length)
		payload = append(payload, make([]byte, 24)...)
		copy(payload[at+24:], spec.typ)
		payload = append(append(payload, w.fill(spec.params)...), 0)
		payload = append(payload, make([]byte, (8-len(payload)%8)%8)...)
		binary.NativeEndian.PutUint32(payload[at+20:], uint32(len(payload)-at+spec.next))
	}
	copy(w.b.Bytes()[ioctl.HeaderSize:], append(payload, 0))
	if s.size != 0 {
		h.DataSize = s.size
	}
	err := w.k.Ioctl(s.cmd, &w.b)
	if err != nil {
		return fmt.Sprintf("%v, version %v, data size %d", err, h.Version[0], h.DataSize)
	}
	var out strings.Builder
	dev := "none"
	if h.Dev != 0 {
		dev = dm.DevFromUint64(h.Dev).String()
	}
	fmt.Fprintf(&out, "size %d, start %d, targets %d, open %d, flags %v, event %d, dev %s, name %q, uuid %q\n",
		h.DataSize, h.DataStart, h.TargetCount, h.OpenCount, h.Flags, h.EventNr, dev, h.NameBytes(), h.UUIDBytes())
	w.payload(&out, s.cmd)
	return w.shown(out.String())
}

func (w *twin) payload(out *strings.Builder, cmd ioctl.Cmd) {
	switch cmd {
	case ioctl.TableStatus, ioctl.DevWait:
		r := w.b.Targets()
		for r.Next() {
			fmt.Fprintf(out, "%d %d %s %s\n", r.Start, r.Length, r.Type, r.Params)
		}
		fmt.Fprintln(out, r.Err())
	case ioctl.TableDeps:
		devs, err := w.b.Deps(nil)
		for _, d := range devs {
			fmt.Fprintln(out, dm.DevFromUint64(d))
		}
		fmt.Fprintln(out, err)
	case ioctl.ListDevices:
		r := w.b.Names()
		for r.Next() {
			fmt.Fprintf(out, "%v %s %d %s\n", dm.DevFromUint64(r.Dev), r.Name, r.EventNr, r.UUID)
		}
		fmt.Fprintln(out, r.Err())
	case ioctl.TargetMsg:
		text, err := w.b.Message()
		fmt.Fprintf(out, "%q %v\n", text, err)
	}
}

// randomStep makes a request, mostly one that makes sense. Where mayClear is
// not set, none clears a table.
func randomStep(rng *rand.Rand, mayClear bool) step {
	pick := func(list ...string) string { return list[rng.IntN(len(list))] }
	name := fmt.Sprintf("<name%d>", rng.IntN(8))
	id := fmt.Sprintf("UUID-<name%d>", rng.IntN(4))
	s := step{name: name}
	switch rng.IntN(20) {
	case 0, 1, 2:
		s.cmd, s.name = ioctl.DevCreate, fmt.Sprintf("<name%d>", rng.IntN(4))
		if rng.IntN(2) == 0 {
			s.uuid = id
		}
		if rng.IntN(10) == 0 {
			s.name = pick("", "<name0>/x")
		}
	case 3:
		s.cmd = ioctl.DevRemove
	case 4:
		s.cmd, s.data = ioctl.DevRename, pick("<name4>", "<name5>", "<name6>", "<name7>", "<name4>", "", "a/b")
		if rng.IntN(2) == 0 {
			s.flags, s.data = ioctl.FlagUUID, id
		}
	case 5, 6, 7:
		s.cmd = ioctl.DevSuspend
		if rng.IntN(3) == 0 {
			s.flags = ioctl.FlagSuspend
		}
	case 8, 9, 10, 11:
		s.cmd = ioctl.TableLoad
		// A device stands only on one that comes before it, so that none ever
		// stands on itself.
		i := rng.IntN(4)
		s.name = fmt.Sprintf("<name%d>", i)
		s.specs = randomTable(rng, i)
		if rng.IntN(4) == 0 {
			s.flags = pickFlag(rng, ioctl.FlagReadOnly, ioctl.FlagSecureData)
		}
		if len(s.specs) > 0 && rng.IntN(6) == 0 {
			s.specs[0].next = []int{-8, 8, 4096, 1 << 20}[rng.IntN(4)]
		}
	case 12:
		if s.cmd = ioctl.TableClear; !mayClear {
			s.cmd = ioctl.DevStatus
		}
	case 13:
		s.cmd = ioctl.TableDeps
		s.flags = pickFlag(rng, 0, ioctl.FlagQueryInactive)
	case 14, 15:
		s.cmd = ioctl.TableStatus
		s.flags = pickFlag(rng, 0, ioctl.FlagStatusTable, ioctl.FlagStatusTable|ioctl.FlagQueryInactive, ioctl.FlagNoFlush, ioctl.FlagSecureData)
		s.size = []uint32{0, 0, 312, 353, 360, 400, 500}[rng.IntN(7)]
	case 16:
		s.cmd, s.name = ioctl.ListDevices, pick("<name0>", "<name", "<name5>")
		s.name = strings.TrimSuffix(s.name, "<name")
		s.flags = pickFlag(rng, 0, ioctl.FlagUUID)
		if s.name == "" {
			s.uuid = "UUID-"
		}
	case 17:
		s.cmd = ioctl.TargetMsg
		s.data = "\x00\x00\x00\x00\x00\x00\x00\x00" + pick("@cancel_deferred_remove", "@stats_list", "@stats_create - /1", "@stats_delete 0", "@none", "", " ")
	case 18:
		s.cmd, s.data = ioctl.DevSetGeometry, pick("10 10 10 0", "1 1 1 2", "x", "70000 1 1 0", "10 255 63 5")
	case 19:
		s.cmd = []ioctl.Cmd{ioctl.DevStatus, ioctl.DevWait, ioctl.Version, ioctl.DevArmPoll, 77}[rng.IntN(5)]
		s.flags = pickFlag(rng, 0, ioctl.FlagQueryInactive, ioctl.FlagSecureData)
	}
	if rng.IntN(30) == 0 && s.cmd != ioctl.ListDevices {
		s.uuid = id
	}
	if rng.IntN(40) == 0 {
		s.size = []uint32{1, 304, 1<<30 + 1}[rng.IntN(3)]
	}
	return s
}

func pickFlag(rng *rand.Rand, list ...ioctl.Flags) ioctl.Flags { return list[rng.IntN(len(list))] }

func randomTable(rng *rand.Rand, device int) (specs []specStep) {
	var at uint64
	for range rng.IntN(4) {
		s := specStep{start: at, length: uint64(rng.IntN(5)) * 16, typ: "zero"}
		switch rng.IntN(8) {
		case 0, 1:
			s.typ, s.params = "linear", fmt.Sprintf("<disk%d> %d", rng.IntN(2), 16*rng.IntN(34))
		case 2:
			if device > 0 {
				s.typ, s.params = "linear", fmt.Sprintf("<dev%d> %d", rng.IntN(device), rng.IntN(2))
			}
		case 3:
			s.typ, s.params = "striped", fmt.Sprintf("2 8 <disk0> %d <disk1> 0", rng.IntN(500))
		case 4:
			s.typ = []string{"error", "no-such-target", "linear", "striped"}[rng.IntN(4)]
		}
		if rng.IntN(15) == 0 {
			s.start += 8
		}
		at += s.length
		specs = append(specs, s)
	}
	return specs
}

// seed is that of the random script: ROK_SEED, or always the same one, so that a
// kernel that is not like the fake in a corner is found by who looks for it.
func seed(t *testing.T) uint64 {
	n := uint64(1)
	if text := os.Getenv("ROK_SEED"); text != "" {
		var err error
		n, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err, "ROK_SEED")
	}
	t.Logf("seed %d", n)
	return n
}

// The same requests get the same answers from the fake and from the real
// kernel.
func TestKernelDifferential(t *testing.T) {
	testenv.Kernel(t, "linear", "striped", "zero", "error", "dm 4.45")
	n := seed(t)
	rng := rand.New(rand.NewPCG(n, 0))
	there := real(t)
	conn, err := dm.Open(&dm.Config{Udev: dm.UdevOff, NoNodes: true})
	require.NoError(t, err)
	defer conn.Close()
	k := dmtest.NewKernel(dmtest.Config{ABI: conn.ABI()})
	here := fake(t, k)
	const size = 512
	twins := [2]*twin{{k: here.Open(t)}, {k: there.Open(t)}}
	for i := range twins[0].disks {
		twins[0].disks[i], twins[1].disks[i] = here.Disk(t, size), there.Disk(t, size)
	}
	base := testenv.Name(t)
	for i := range twins[0].names {
		twins[0].names[i] = fmt.Sprintf("%s-%d", base, i)
	}
	twins[1].names = twins[0].names
	t.Cleanup(func() {
		for _, w := range twins {
			w.removeAll(t)
			require.NoError(t, w.k.Close())
		}
		require.Empty(t, k.Devices())
	})
	// With IMA, clear and rename can crash the kernel: see dm.Device.Clear.
	symbols, err := os.ReadFile("/proc/kallsyms")
	require.NoError(t, err)
	mayClear := !strings.Contains(string(symbols), " ima_measure_critical_data")
	outcomes := map[string]int{}
	for i := range 2000 {
		s := randomStep(rng, mayClear)
		want, got := twins[1].run(s), twins[0].run(s)
		require.Equal(t, want, got, "seed %d, request %d: %v %+v (expected: the kernel's)", n, i, s.cmd, s)
		outcomes[fmt.Sprintf("%v: %.12s", s.cmd, want)]++
	}
	require.Greater(t, len(outcomes), 30, "the script gets around")
}

// removeAll removes the twin's devices, whichever stands on which.
func (w *twin) removeAll(t *testing.T) {
	for range w.names {
		for _, name := range w.names {
			w.b.Reset(ioctl.DevRemove, 0, 0)
			require.NoError(t, w.b.SetName(name))
			if err := w.k.Ioctl(ioctl.DevRemove, &w.b); err != nil && !errors.Is(err, syscall.ENXIO) {
				require.ErrorIs(t, err, syscall.EBUSY)
			}
		}
	}
}
