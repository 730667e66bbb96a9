package main

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/units"
)

// kernelExamples are the commands whose examples need a real kernel.
func kernelExamples() []string { return []string{"rok compare"} }

// onKernel runs rok in this process, on the machine's kernel.
func onKernel(t *testing.T, args ...string) string {
	t.Helper()
	e := system()
	var stdout, stderr bytes.Buffer
	e.stdout, e.stderr = &stdout, &stderr
	require.Zero(t, run(t.Context(), args, e), stderr.String())
	require.Empty(t, stderr.String())
	return stdout.String()
}

func dmsetup(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("dmsetup", args...).CombinedOutput()
	require.NoError(t, err, "dmsetup %q: %s", args, out)
	return string(out)
}

// The devices of the tests, from the bottom:
//
//	thin      0 65536 thin
//	pool      0 65536 thin-pool
//	meta    data (two segments)       none: no table    blank: zero, a name with blanks
//	└──── loop ────┘
type kernelDevices struct {
	conn                                *dm.Conn
	meta, data, pool, thin, blank, none string
}

func makeDevices(t *testing.T) kernelDevices {
	t.Helper()
	testenv.Kernel(t, "linear", "zero", "thin-pool", "thin", "program dmsetup")
	loop := dm.BlockDev{Path: testenv.LoopDisk(t, 64*units.MiB)}
	conn, err := dm.Open(nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	name := testenv.Name(t)
	d := kernelDevices{
		conn: conn, meta: name + "-meta", data: name + "-data", pool: name + "-pool", thin: name + "-thin",
		blank: name + ` a ü`, none: name + "-none",
	}
	create := func(name, uuid string, table dm.Table) {
		dev, err := conn.Create(t.Context(), dm.CreateRequest{Name: name, UUID: uuid, Table: table})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, dev.Remove(t.Context(), dm.RemoveOptions{})) })
	}
	create(d.meta, "", dm.Table{{Length: 8192, Target: dm.Linear{Dev: loop}}})
	create(d.data, "ROKTEST-"+name, dm.Table{
		{Length: 32768, Target: dm.Linear{Dev: loop, Offset: 8192}},
		{Start: 32768, Length: 32768, Target: dm.Linear{Dev: loop, Offset: 65536}},
	})
	node := func(name string) dm.BlockDev { return dm.BlockDev{Path: conn.NodePath(name)} }
	create(d.pool, "", dm.Table{{Length: 65536, Target: dm.ThinPool{
		Metadata: node(d.meta), Data: node(d.data), DataBlockSize: 128, LowWaterMark: 4, ErrorIfNoSpace: true,
	}}})
	_, err = conn.Device(dm.ByName(d.pool)).Message(0, "create_thin 7")
	require.NoError(t, err)
	create(d.thin, "", dm.Table{{Length: 65536, Target: dm.Thin{Pool: node(d.pool), DeviceID: 7}}})
	dmsetup(t, "create", d.blank, "--table", "0 8 zero")
	t.Cleanup(func() { dmsetup(t, "remove", d.blank) })
	create(d.none, "", nil)
	return d
}

func TestKernelLinesAreDmsetups(t *testing.T) {
	d := makeDevices(t)
	for _, args := range [][]string{
		{"table"}, {"status"},
		{"table", d.data}, {"table", d.pool}, {"table", d.blank}, {"table", d.none}, {"table", d.meta, d.data},
		{"status", d.data}, {"status", d.pool}, {"status", "--noflush", d.pool}, {"status", d.thin, d.pool},
	} {
		require.Equal(t, sortedLines(dmsetup(t, args...)), sortedLines(onKernel(t, append([]string{"dm"}, args...)...)), "%q", args)
	}

	require.NoError(t, d.conn.Device(dm.ByName(d.data)).Load(dm.Table{{Length: 16, Target: dm.ErrorTarget{}}}, dm.TableOptions{}))
	require.Equal(t, dmsetup(t, "table", "--inactive", d.data), onKernel(t, "dm", "table", "--inactive", d.data))
	require.Equal(t, dmsetup(t, "table", d.data), onKernel(t, "dm", "table", d.data))
}

// sortedLines is what may be compared: dmsetup prints devices in the order of
// the kernel's list.
func sortedLines(s string) []string {
	lines := strings.Split(s, "\n")
	slices.Sort(lines)
	return lines
}

func TestKernelKeysAreHidden(t *testing.T) {
	testenv.Kernel(t, "crypt", "program dmsetup")
	key := strings.Repeat("0123456789abcdef", 4)
	conn, err := dm.Open(nil)
	require.NoError(t, err)
	defer conn.Close()
	dev, err := conn.Create(t.Context(), dm.CreateRequest{Name: testenv.Name(t), Table: dm.Table{{Length: 2048, Target: dm.Crypt{
		Cipher: "aes-cbc-essiv:sha256", Key: dm.Key(key), Dev: dm.BlockDev{Path: testenv.LoopDisk(t, units.MiB)},
	}}}})
	require.NoError(t, err)
	defer func() { require.NoError(t, dev.Remove(t.Context(), dm.RemoveOptions{})) }()

	name := dev.String()
	require.Equal(t, dmsetup(t, "table", name), onKernel(t, "dm", "table", name))
	require.Equal(t, dmsetup(t, "table", "--showkeys", name), onKernel(t, "dm", "table", "--showkeys", name))
	hidden, shown := onKernel(t, "dm", "table", "-o", "json", name), onKernel(t, "dm", "table", "-o", "json", "--showkeys", name)
	require.NotContains(t, hidden, key)
	require.Equal(t, 2, strings.Count(shown, key), shown) // in params and in fields
}

func TestKernelInfoIsDmsetups(t *testing.T) {
	d := makeDevices(t)
	dmsetup(t, "suspend", d.blank)
	var got struct{ Devices []infoView }
	require.NoError(t, json.Unmarshal([]byte(onKernel(t, "dm", "info", "-o", "json")), &got))
	var lines []string
	for _, i := range got.Devices {
		suspended := "Active"
		if i.State == "suspended" {
			suspended = "Suspended"
		}
		lines = append(lines, strings.Join([]string{
			i.Name, i.UUID, i.Number, strconv.Itoa(i.OpenCount), strconv.Itoa(i.Segments),
			strconv.Itoa(int(i.EventNr)), suspended,
		}, "|"))
	}
	want := dmsetup(t, "info", "-c", "--noheadings", "--separator", "|", "-o", "name,uuid,devno,open,segments,events,suspended")
	require.ElementsMatch(t, strings.Split(strings.TrimSpace(want), "\n"), lines)

	// Each way to name a device leads to it.
	info := onKernel(t, "dm", "info", d.data)
	require.Contains(t, info, "size      32MiB")
	number := "253:0"
	for _, i := range got.Devices {
		if i.Name == d.data {
			number = i.Number
		}
	}
	for _, arg := range [][]string{
		{number}, {"/dev/mapper/" + d.data}, {"--uuid", "ROKTEST-" + strings.TrimSuffix(d.data, "-data")},
	} {
		require.Equal(t, info, onKernel(t, append([]string{"dm", "info"}, arg...)...), "%q", arg)
	}
	require.Contains(t, onKernel(t, "dm", "info", "/dev/mapper/"+dm.NodeName(d.blank)), "suspended")
}

func TestKernelDepsAreDmsetups(t *testing.T) {
	d := makeDevices(t)
	for _, name := range []string{d.pool, d.thin, d.data, d.blank, d.none} {
		var got struct{ Devices []depsView }
		require.NoError(t, json.Unmarshal([]byte(onKernel(t, "dm", "deps", "-o", "json", name)), &got))
		want := dmsetup(t, "deps", "-o", "devno", name) // "2 dependencies\t: (253, 1) (253, 0)"
		_, list, _ := strings.Cut(strings.TrimSpace(want), ":")
		var numbers []string
		for _, n := range strings.Split(strings.Trim(list, " ()"), ") (") {
			if n != "" {
				numbers = append(numbers, strings.ReplaceAll(n, ", ", ":"))
			}
		}
		var found []string
		for _, dep := range got.Devices[0].Deps {
			found = append(found, dep.Number)
			require.NotNil(t, dep.Name)
		}
		require.ElementsMatch(t, numbers, found, want)
	}
	tree := onKernel(t, "dm", "ls", "--tree")
	require.Regexp(t, `(?m)^`+d.thin+` \(\d+:\d+\)\n└─`+d.pool+` `, tree)
	require.Contains(t, tree, "loop")
}

func TestKernelTargetsAreDmsetups(t *testing.T) {
	testenv.Kernel(t, "thin-pool", "program dmsetup")
	var want []string
	for l := range strings.Lines(dmsetup(t, "targets")) {
		want = append(want, strings.Join(strings.Fields(strings.Replace(l, " v", " ", 1)), " "))
	}
	var got []string
	for l := range strings.Lines(onKernel(t, "dm", "targets")) {
		if !strings.HasPrefix(l, "TARGET") {
			got = append(got, strings.Join(strings.Fields(l), " "))
		}
	}
	require.ElementsMatch(t, want, got)
	require.Contains(t, onKernel(t, "dm", "targets", "thin-pool"), "thin-pool  1.")
	require.Contains(t, onKernel(t, "version"), "device-mapper  4.")
}

func TestKernelEvents(t *testing.T) {
	testenv.Kernel(t, "zero", "program dmsetup")
	m := &machine{t: t, env: *system()}
	name := testenv.Name(t)
	f := m.follow(t, "--count", "3", name)
	dmsetup(t, "create", name, "--table", "0 8 zero")
	require.Contains(t, f.line(), "created  "+name)
	dmsetup(t, "rename", name, name+"-new")
	require.Regexp(t, "^renamed  "+name+"-new .*  was "+name+"$", f.line())
	dmsetup(t, "rename", name+"-new", name)
	require.Contains(t, f.line(), "renamed  "+name+" ")
	dmsetup(t, "remove", name)
	code, _, stderr := f.end()
	require.Zero(t, code, stderr)
}
