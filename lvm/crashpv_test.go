package lvm_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/lvm/disk"
)

// pvChange is something that is done to a PV, while the power may fail. Where the
// PV is written anew there is a moment without it, and the change is made again.
type pvChange struct {
	name   string
	before func(t *testing.T, d disks)
	do     func(t *testing.T, d disks) error
	gone   bool // the PV may be gone for a moment
	// heal is what lvm2 is to do in its place, DISK being the first device; "": it
	// is not asked.
	heal string
}

func pvChanges() []pvChange {
	two := &lvm.CreatePV{Layout: disk.Layout{SecondArea: true}}
	device := func(t *testing.T, d disks) (*lvm.Scan, *lvm.Device) {
		devices := d.devices()
		return lvm.ScanDevices(devices, lvm.ScanOptions{}), devices[0]
	}
	id := lvm.NewID()
	create := func(layout disk.Layout) func(t *testing.T, d disks) error {
		return func(t *testing.T, d disks) error {
			s, first := device(t, d)
			_, err := s.CreatePV(first, lvm.CreatePV{Layout: layout, ID: id})
			return err
		}
	}
	resize := func(layout disk.Layout) pvChange {
		return pvChange{
			before: func(t *testing.T, d disks) { d.pvs(t, &lvm.CreatePV{Layout: layout}) },
			do: func(t *testing.T, d disks) error {
				s, _ := device(t, d)
				h, err := s.PVs[0].Resized(7*mib + mib/2)
				require.NoError(t, err)
				return s.ResizePV(s.PVs[0], h)
			},
			heal: "pvresize DISK",
		}
	}
	list := []pvChange{
		{"create", func(*testing.T, disks) {}, create(disk.Layout{}), false, "pvcreate -y DISK"},
		{"create with two areas", func(*testing.T, disks) {}, create(disk.Layout{SecondArea: true}), false, "pvcreate -y DISK"},
		{"create anew", func(t *testing.T, d disks) { d.pvs(t, two) }, create(disk.Layout{}), true, "pvcreate -y DISK"},
		{"remove", func(t *testing.T, d disks) { d.pvs(t, nil) }, func(t *testing.T, d disks) error {
			if s, _ := device(t, d); len(s.PVs) == len(d) {
				return s.RemovePV(s.PVs[0], false)
			}
			return nil // it is removed
		}, false, ""},
		{"restore", func(t *testing.T, d disks) {
			d.committed(t, "vg", 2)
			d[0].put(1, sector{'x'})
		}, func(t *testing.T, d disks) error {
			s, first := device(t, d)
			if vgOf(t, s).Complete() {
				return nil // it is restored
			}
			vg := vgOf(t, s).VG
			_, err := s.RestorePV(first, lvm.RestorePV{VG: vg, PV: vg.PVs[0].ID, Force: true})
			return err
		}, true, ""},
	}
	for name, layout := range map[string]disk.Layout{
		"grow": {Size: 6 * mib, SecondArea: true}, "grow one area": {Size: 6 * mib}, "grow a little": {Size: 7 * mib, SecondArea: true, Alignment: 4096},
		"shrink": {SecondArea: true, MetadataSize: 64 << 10, Alignment: 4096}, "shrink a little": {SecondArea: true, Alignment: 4096},
	} {
		c := resize(layout)
		c.name = name
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b pvChange) int { return strings.Compare(a.name, b.name) })
	return list
}

// labels are what the PVs of a scan are.
func labels(s *lvm.Scan) string {
	var b strings.Builder
	for _, pv := range s.PVs {
		fmt.Fprintf(&b, "%s %v %v\n", pv.Device.Path, pv.ID(), pv.Header)
	}
	return b.String()
}

// cut calls each for every state in which a power cut may leave the devices while c
// is done. Each is the old one, the new one, or one without the PV where there may
// be such.
func (c pvChange) cut(t *testing.T, each func(d disks, where string)) (states int) {
	d := newDisks(8*mib, 8*mib)
	c.before(t, d)
	start := d.clone()
	before, text := labels(d.scan()), textOf(d.scan())
	j := d.record()
	require.NoError(t, c.do(t, d))
	after := labels(d.scan())
	require.NotEqual(t, before, after)
	return j.states(start, func(d disks, where string) {
		s := d.scan()
		require.Equal(t, text, textOf(s), where)
		if got := labels(s); got != before && got != after {
			require.True(t, c.gone, where)
			require.NotContains(t, got, paths[0], where)
		}
		each(d, where)
	})
}

// Whenever the power fails, doing it again ends it.
func TestPowerCutOfPVs(t *testing.T) {
	for _, c := range pvChanges() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := c.cut(t, func(d disks, where string) {
				require.NoError(t, c.do(t, d), where)
				require.Empty(t, d.scan().AllFaults(), where)
			})
			t.Logf("%d states", n)
		})
	}
}

// TestLVM2JudgesPVs: of each state lvm2 knows the PVs that rok knows, and ends what
// was cut off; a VG of them is sound then.
func TestLVM2JudgesPVs(t *testing.T) {
	if !*judged {
		t.Skip("go test -judge, as root and with lvm2: see scripts/crash.sh")
	}
	for _, c := range pvChanges() {
		t.Run(c.name, func(t *testing.T) {
			j := newJudge(t, 2, 8*mib)
			seen := map[string]bool{}
			n := c.cut(t, func(d disks, where string) {
				if m := meaning(d); seen[m] {
					return
				} else {
					seen[m] = true
				}
				j.put(d)
				var ids []string
				for _, pv := range d.scan().PVs {
					ids = append(ids, pv.ID().String())
				}
				out, err := j.run("pvs", "--noheadings", "-o", "pv_uuid")
				require.NoError(t, err, "%s: %s", where, out)
				for _, id := range ids {
					require.Contains(t, out, id, where)
				}
				if c.heal == "" {
					return
				}
				args := strings.Fields(strings.ReplaceAll(c.heal, "DISK", j.loops[0].Path()))
				out, err = j.run(args...)
				require.NoError(t, err, "%s: %s", where, out)
				out, err = j.run("vgcreate", "judged", j.loops[0].Path())
				require.NoError(t, err, "%s: %s", where, out)
				j.sound(where)
			})
			t.Logf("%d states, %d of them different", n, len(seen))
		})
	}
}
