package lvm_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/internal/testenv/gptdisk"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// A disk with a GPT, made by go-diskfs, and PVs on its partitions:
//
//	loop0    64 MiB: GPT, backup GPT
//	loop0p1  PV of a VG
//	loop0p2  PV of the same VG

// gptParts are the partitions: 32 and 30 MiB.
var gptParts = []gptdisk.Partition{{Start: 2048, Length: 65536}, {Start: 67584, Length: 61440}}

// partitioned is such a disk.
type partitioned struct {
	t     *testing.T
	image string
	disk  string
	parts []string
	lvm2  *lab
	name  string // the VG's
}

func newPartitioned(t *testing.T) *partitioned {
	t.Helper()
	p := &partitioned{t: t, image: gptdisk.Make(t, 64*units.MiB, gptParts...), name: testenv.Name(t)}
	p.disk, p.parts = gptdisk.Attach(t, p.image)
	require.Len(t, p.parts, 2)
	p.lvm2 = lvm2On(t, "", append([]string{p.disk}, p.parts...))
	return p
}

// scan scans devices, which done closes.
func (p *partitioned) scan(access lvm.Access, paths ...string) (s *lvm.Scan, done func()) {
	p.t.Helper()
	var devices []*lvm.Device
	for _, path := range paths {
		d, err := lvm.OpenDevice(path, access)
		require.NoError(p.t, err)
		devices = append(devices, d)
	}
	return lvm.ScanDevices(devices, lvm.ScanOptions{}), func() {
		for _, d := range devices {
			require.NoError(p.t, d.Close())
		}
	}
}

// table is what is on the disk outside of its partitions.
func (p *partitioned) table() string {
	p.t.Helper()
	b, err := os.ReadFile(p.image)
	require.NoError(p.t, err)
	from, _ := gptParts[0].Bytes()
	_, to := gptParts[1].Bytes()
	return string(b[:from]) + string(b[to:])
}

// refuse: neither rok nor lvm2 makes a PV of the whole disk, and rok says why.
func (p *partitioned) refuse() {
	p.t.Helper()
	d, err := lvm.OpenDevice(p.disk, lvm.Exclusive)
	require.NoError(p.t, err)
	defer d.Close()
	_, err = lvm.ScanDevices([]*lvm.Device{d}, lvm.ScanOptions{}).CreatePV(d, lvm.CreatePV{})
	require.ErrorIs(p.t, err, lvm.ErrNotEmpty)
	require.ErrorContains(p.t, err, p.disk+" has PMBR partition table, gpt partition table")
	_, err = p.lvm2.run("pvcreate", "-y", p.disk)
	require.Error(p.t, err)
}

// turns makes a VG on the partitions with rok, and lets lvm2 and rok change it in
// turns.
func (p *partitioned) turns() {
	t := p.t
	before := p.table()
	p.refuse()
	var devices []*lvm.Device
	for _, path := range p.parts {
		d, err := lvm.OpenDevice(path, lvm.Exclusive)
		require.NoError(t, err)
		devices = append(devices, d)
	}
	s := lvm.ScanDevices(devices, lvm.ScanOptions{})
	for _, d := range devices {
		_, err := s.CreatePV(d, lvm.CreatePV{})
		require.NoError(t, err)
	}
	_, err := s.Commit(lvm.CommitRequest{New: newVG(s, p.name, 2, 2)})
	require.NoError(t, err)
	for _, d := range devices {
		require.NoError(t, d.Close())
	}
	require.Equal(t, p.parts[0]+":65536 "+p.parts[1]+":61440", p.report("pvs", "-o", "pv_name,dev_size", "-O", "pv_name"))
	require.Equal(t, p.name+":2:2", p.report("vgs", "-o", "vg_name,pv_count,lv_count"))
	require.Empty(t, p.warnings("vgck", p.name))

	p.lvm2.must("lvcreate", "-an", "-Zn", "-Wn", "-l", "3", "-n", "theirs", p.name, p.parts[1])
	s, done := p.scan(lvm.ReadOnly, p.disk, p.parts[0], p.parts[1])
	require.Empty(t, s.AllFaults())
	require.Len(t, s.PVs, 2, "the disk is none")
	g, err := s.VG(p.name)
	require.NoError(t, err)
	next, err := lvm.Apply(g.VG, lvm.Stamp{}, lvm.ExtendLV{Name: "theirs", By: lvm.Amount{Extents: 2}}, lvm.RemoveLV{Name: "lv1"})
	require.NoError(t, err)
	_, err = s.Commit(lvm.CommitRequest{VG: g, New: next})
	require.NoError(t, err)
	done()
	require.Equal(t, "lv0:1024 theirs:5120", p.report("lvs", "-o", "lv_name,lv_size", "-O", "lv_name"))
	require.Empty(t, p.warnings("vgck", p.name))
	require.Equal(t, before, p.table(), "nothing was written outside of the partitions")
	p.refuse()
}

// report is a report of lvm2's in sectors: the columns of a row with ":" between
// them, the rows with a blank.
func (p *partitioned) report(args ...string) string {
	p.t.Helper()
	return strings.Join(strings.Fields(p.warnings(append(args, "--noheadings", "--separator", ":", "--units", "s", "--nosuffix")...)), " ")
}

// warnings is what lvm2 says, but for there being no device-mapper.
func (p *partitioned) warnings(args ...string) string {
	p.t.Helper()
	var b strings.Builder
	for line := range strings.Lines(p.lvm2.must(args...)) {
		if !strings.Contains(line, "Activation disabled") {
			b.WriteString(line)
		}
	}
	return b.String()
}

func TestLVM2OnPartitions(t *testing.T) {
	lvm2(t) // skips where it cannot be asked
	if _, err := exec.LookPath("partx"); err != nil {
		t.Skip("needs partx")
	}
	newPartitioned(t).turns()
}

// The same where there is device-mapper, and LVs on partitions are active.
func TestKernelOnPartitions(t *testing.T) {
	testenv.Kernel(t, "linear", "program lvm", "program partx", "program dmsetup")
	p := newPartitioned(t)
	p.turns()
	p.lvm2.must("vgchange", "-ay", p.name)
	t.Cleanup(func() { p.lvm2.must("vgchange", "-an", p.name) })
	table, err := exec.Command("dmsetup", "table", strings.ReplaceAll(p.name, "-", "--")+"-theirs").CombinedOutput()
	require.NoError(t, err, string(table))
	require.Contains(t, string(table), devOf(t, p.parts[1]).String())
}
