package lvm_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/units"
)

// change is something that is done to devices, while the power may fail.
type change struct {
	name   string
	disks  int
	create *lvm.CreatePV // how PVs are made of them; nil: as pvcreate does
	// before makes what is there, without power cuts.
	before func(t *testing.T, d disks, s *lvm.Scan)
	// do is what is cut off, and may fail where a device does.
	do func(t *testing.T, s *lvm.Scan) error
}

// start is what is there when do begins.
func (c change) start(t *testing.T) disks {
	d := newDisks()
	for range c.disks {
		d = append(d, newSparse(8*mib))
	}
	c.before(t, d, d.pvs(t, c.create))
	return d
}

// vgOf is the VG that a scan found, which may be none.
func vgOf(t *testing.T, s *lvm.Scan) *lvm.DiskVG {
	t.Helper()
	require.LessOrEqual(t, len(s.VGs), 1)
	if len(s.VGs) == 0 {
		return nil
	}
	return s.VGs[0]
}

// members makes a VG of k PVs, and some older texts in the rings.
func members(k, lvs int) func(t *testing.T, d disks, s *lvm.Scan) {
	return func(t *testing.T, d disks, s *lvm.Scan) {
		g, err := s.Commit(lvm.CommitRequest{New: newVG(s, "vg", k, lvs)})
		require.NoError(t, err)
		for i := range 3 {
			g, err = s.Commit(lvm.CommitRequest{VG: g, New: tagged(g.VG, fmt.Sprint("tag", i))})
			require.NoError(t, err)
		}
	}
}

// edited commits what edit makes of the VG.
func edited(edit func(s *lvm.Scan, vg *lvm.VG)) func(t *testing.T, s *lvm.Scan) error {
	return func(t *testing.T, s *lvm.Scan) error {
		g := vgOf(t, s)
		vg := g.VG.Clone()
		edit(s, vg)
		_, err := s.Commit(lvm.CommitRequest{VG: g, New: vg})
		return err
	}
}

// resized gives all PVs of the VG a size.
func resized(size units.Bytes) func(t *testing.T, s *lvm.Scan) error {
	return func(t *testing.T, s *lvm.Scan) error {
		g := vgOf(t, s)
		vg, headers := g.VG.Clone(), map[lvm.ID]disk.PVHeader{}
		for i, d := range g.PVs {
			h, err := d.Resized(size)
			require.NoError(t, err)
			headers[d.ID()] = h
			pv := vg.PVs[i].Clone()
			pv.Size, pv.Count = h.Size.SectorsRoundDown(), lvm.CountExtents(h, vg.ExtentSize)
			vg.PVs[i] = pv
		}
		_, err := s.Commit(lvm.CommitRequest{VG: g, New: vg, Headers: headers})
		return err
	}
}

// changes are all kinds of commits, on n devices.
func changes(n int) []change {
	tag := edited(func(_ *lvm.Scan, vg *lvm.VG) { *vg = *tagged(vg, "new") })
	small := disk.Layout{MetadataSize: 32 << 10, Alignment: 4096}
	list := []change{
		{"create", n, nil, func(*testing.T, disks, *lvm.Scan) {}, func(t *testing.T, s *lvm.Scan) error {
			_, err := s.Commit(lvm.CommitRequest{New: newVG(s, "vg", n, 2)})
			return err
		}},
		{"change", n, nil, members(n, 2), tag},
		{"change two areas", n, &lvm.CreatePV{Layout: disk.Layout{SecondArea: true}}, members(n, 2), tag},
		{"change around the ring", n, &lvm.CreatePV{Layout: small}, func(t *testing.T, d disks, s *lvm.Scan) {
			g, err := s.Commit(lvm.CommitRequest{New: newVG(s, "vg", n, 14)})
			require.NoError(t, err)
			for at := g.PVs[0].Areas[0]; at.Committed.Offset+2*at.Committed.Size < at.Size; {
				g, err = s.Commit(lvm.CommitRequest{VG: g, New: g.VG})
				require.NoError(t, err)
			}
		}, tag},
		{"rename", n, nil, members(n, 2), edited(func(_ *lvm.Scan, vg *lvm.VG) { vg.Name = "renamed" })},
		{"remove", n, nil, members(n, 0), func(t *testing.T, s *lvm.Scan) error {
			_, err := s.Commit(lvm.CommitRequest{VG: vgOf(t, s)})
			return err
		}},
		{"revert", n, nil, members(n, 2), func(t *testing.T, s *lvm.Scan) error {
			g := vgOf(t, s)
			_, err := s.Commit(lvm.CommitRequest{VG: g, New: tagged(g.VG, "new"), Suspend: func(*lvm.VG) (func(bool) error, error) {
				return nil, errSuspend
			}})
			require.ErrorIs(t, err, errSuspend)
			return nil
		}},
		{"resize", n, &lvm.CreatePV{Layout: disk.Layout{Size: 6 * mib, SecondArea: true}}, members(n, 2), resized(0)},
		{"restore", n, nil, members(n, 2), func(t *testing.T, s *lvm.Scan) error {
			texts, errs := s.OldTexts("vg")
			require.Empty(t, errs)
			vg, err := texts[2].Read()
			require.NoError(t, err)
			_, err = s.Commit(lvm.CommitRequest{VG: vgOf(t, s), New: vg, Restore: true})
			return err
		}},
	}
	if n == 1 {
		two := &lvm.CreatePV{Layout: disk.Layout{SecondArea: true}}
		list = append(list,
			change{"resize to less", n, two, members(n, 2), resized(6 * mib)},
			change{"move a little", n, two, members(n, 2), resized(8*mib - 4096)},
		)
	} else {
		list = append(list,
			change{"join", n, nil, members(n-1, 2), edited(func(s *lvm.Scan, vg *lvm.VG) {
				vg.PVs = append(vg.PVs, s.Orphans()[0].NewPV(vg.ExtentSize))
			})},
			change{"leave", n, nil, members(n, 2), edited(func(_ *lvm.Scan, vg *lvm.VG) { vg.PVs = vg.PVs[:n-1] })},
			change{"fewer copies", n, nil, members(n, 2), edited(func(_ *lvm.Scan, vg *lvm.VG) { vg.MetadataCopies = 1 })},
		)
	}
	return list
}

var errSuspend = fmt.Errorf("cannot suspend")

// states calls each for every state in which a power cut may leave the devices: cut
// after every write, with every subset of the sectors that were written since the
// last flush. Where there are more than maxPending of them, and no text refers to
// most, some subsets are drawn.
func (j *journal) states(start disks, each func(d disks, where string)) int {
	const maxPending = 9
	random := rand.New(rand.NewPCG(1, 1))
	count := 0
	durable := start.clone()
	var pending []step
	flush := func(device int) {
		var rest []step
		for _, p := range pending {
			if p.device == device {
				durable[device].put(p.at, *p.data)
			} else {
				rest = append(rest, p)
			}
		}
		pending = rest
	}
	visit := func(subset uint64, where string) {
		d := durable.clone()
		for i, p := range pending {
			if subset&(1<<i) != 0 {
				d[p.device].put(p.at, *p.data)
			}
		}
		count++
		each(d, fmt.Sprintf("%s: %0*b of %d sectors", where, len(pending), subset, len(pending)))
	}
	for i, s := range j.steps {
		if s.data == nil {
			flush(s.device)
			continue
		}
		pending = append(pending, s)
		if i+1 < len(j.steps) && j.steps[i+1].write == s.write {
			continue // the same write goes on
		}
		where := fmt.Sprintf("write %d", s.write)
		if n := len(pending); n <= maxPending {
			// Those without the newest were visited before it was written.
			for subset := range uint64(1) << n {
				visit(subset, where)
			}
		} else {
			for range 1 << maxPending {
				visit(random.Uint64()&(1<<n-1), where)
			}
			visit(1<<n-1, where)
		}
	}
	visit(1<<len(pending)-1, "end")
	return count
}

// textOf is what a scan's VG says, and "" where there is none.
func textOf(s *lvm.Scan) string {
	if len(s.VGs) == 0 {
		return ""
	}
	return string(s.VGs[0].VG.AppendText(nil))
}

// Whenever the power fails, the VG is the old one or the new one, and the next
// change heals what is left.
func TestPowerCut(t *testing.T) {
	for n := 1; n <= 3; n++ {
		for _, c := range changes(n) {
			t.Run(fmt.Sprintf("%s on %d", c.name, n), func(t *testing.T) {
				t.Parallel()
				d := c.start(t)
				start := d.clone()
				before := textOf(d.scan())
				j := d.record()
				require.NoError(t, c.do(t, d.scan()))
				after := textOf(d.scan())
				seen := map[string]int{}
				count := j.states(start, func(d disks, where string) {
					s := d.scan()
					got := textOf(s)
					require.Contains(t, []string{before, after}, got, where)
					seen[got]++
					if strings.HasPrefix(c.name, "resize") { // an area that moves is there at any time
						for _, pv := range s.PVs {
							require.Len(t, pv.Areas, 2, where)
							require.False(t, pv.Areas[0].Damaged || pv.Areas[1].Damaged, where)
						}
					}
					heal(t, d, s, where)
				})
				require.NotZero(t, seen[before], "the old VG must come")
				require.NotZero(t, seen[after], "the new VG must come")
				t.Logf("%d states", count)
			})
		}
	}
}

// The states of a commit that flushes nothing are not all sound: the test finds
// what it is there for.
func TestPowerCutWithoutFlush(t *testing.T) {
	for _, c := range changes(2) {
		if c.name != "change" {
			continue
		}
		d := c.start(t)
		start := d.clone()
		before := textOf(d.scan())
		j := d.record()
		require.NoError(t, c.do(t, d.scan()))
		after := textOf(d.scan())
		j.steps = slices.DeleteFunc(j.steps, func(s step) bool { return s.data == nil })
		lost := 0
		j.states(start, func(d disks, where string) {
			if got := textOf(d.scan()); got != before && got != after {
				lost++
			}
		})
		require.NotZero(t, lost)
	}
}

// heal changes the VG, or makes one of what is there, and expects nothing to be
// wrong afterwards.
func heal(t *testing.T, d disks, s *lvm.Scan, where string) {
	g := vgOf(t, s)
	request := lvm.CommitRequest{VG: g}
	if g == nil {
		request.New = newVG(s, "healed", len(s.PVs), 1)
	} else {
		require.NoError(t, g.Writable(), where)
		request.New = tagged(g.VG, "healed")
	}
	_, err := s.Commit(request)
	require.NoError(t, err, where)
	require.Empty(t, s.AllFaults(), where)
	s = d.scan()
	require.Empty(t, s.AllFaults(), where)
	require.Len(t, s.VGs, 1, where)
	if g != nil {
		require.Equal(t, g.VG.Seqno+1, s.VGs[0].VG.Seqno)
	}
}
