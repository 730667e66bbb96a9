package lvm_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

const mib = units.MiB

// The life of a VG: each step leaves devices with nothing wrong, and the scan that
// made it knows what a new one finds.
func TestCommits(t *testing.T) {
	d := newDisks(8*mib, 8*mib, 8*mib)
	s, g := d.committed(t, "vg", 2)
	require.EqualValues(t, 1, g.VG.Seqno)
	require.Equal(t, "/dev/a", g.VG.PVs[0].Device)
	step := func(edit func(vg *lvm.VG)) {
		t.Helper()
		vg := g.VG.Clone()
		edit(vg)
		var err error
		g, err = s.Commit(lvm.CommitRequest{VG: g, New: vg})
		require.NoError(t, err)
		require.Empty(t, s.AllFaults())
		fresh := d.scan()
		require.Empty(t, fresh.AllFaults())
		require.Equal(t, textOf(fresh), textOf(s))
		require.Len(t, fresh.Orphans(), len(s.Orphans()))
		for i := range s.PVs {
			require.Equal(t, fresh.PVs[i].Header, s.PVs[i].Header)
			for k := range s.PVs[i].Areas {
				require.Equal(t, fresh.PVs[i].Areas[k].AreaHeader, s.PVs[i].Areas[k].AreaHeader)
			}
			require.Equal(t, fresh.PVs[i].VG == nil, s.PVs[i].VG == nil)
		}
	}
	step(func(vg *lvm.VG) { vg.Tags = []string{"x"} })
	require.EqualValues(t, 2, g.VG.Seqno)
	step(func(vg *lvm.VG) { vg.PVs = append(vg.PVs, s.Orphans()[0].NewPV(vg.ExtentSize)) })
	require.Len(t, g.PVs, 3)
	step(func(vg *lvm.VG) { vg.Name = "other" })
	step(func(vg *lvm.VG) { vg.PVs = vg.PVs[:2] })
	require.Len(t, s.Orphans(), 1)
	require.False(t, s.Orphans()[0].Header.Used())
	step(func(vg *lvm.VG) { vg.LVs = nil })
	require.EqualValues(t, 6, g.VG.Seqno)
	old := s
	s = d.scan()
	g, err := s.VG("other")
	require.NoError(t, err)
	_, err = s.Commit(lvm.CommitRequest{VG: g})
	require.NoError(t, err)
	require.Empty(t, s.VGs)
	require.Len(t, s.Orphans(), 3)
	fresh := d.scan()
	require.Empty(t, fresh.AllFaults())
	require.Empty(t, fresh.VGs)
	for _, pv := range fresh.PVs {
		require.False(t, pv.Header.Used())
	}
	_, err = old.Commit(lvm.CommitRequest{VG: old.VGs[0], New: old.VGs[0].VG})
	require.ErrorIs(t, err, lvm.ErrChanged)
}

// A VG whose PV is gone changes only by letting go of it.
func TestCommitWithoutMissing(t *testing.T) {
	d := newDisks(8*mib, 8*mib)
	d.committed(t, "vg", 2)
	d[1].sectors = map[int64]sector{}
	s := d.scan()
	g := s.VGs[0]
	_, err := s.Commit(lvm.CommitRequest{VG: g, New: tagged(g.VG, "x")})
	require.ErrorIs(t, err, lvm.ErrMissingPV)
	_, err = s.Commit(lvm.CommitRequest{VG: g})
	require.ErrorIs(t, err, lvm.ErrMissingPV)
	vg := g.VG.Clone()
	vg.PVs = vg.PVs[:1]
	_, err = s.Commit(lvm.CommitRequest{VG: g, New: vg})
	require.NoError(t, err)
	require.Empty(t, d.scan().AllFaults())
}

// A VG is not made a second time, except to restore it.
func TestCommitOfKnownVG(t *testing.T) {
	d := newDisks(8*mib, 8*mib)
	s, g := d.committed(t, "vg", 2)
	_, err := s.Commit(lvm.CommitRequest{New: tagged(g.VG, "x")})
	require.ErrorIs(t, err, lvm.ErrVGExists)
	_, err = s.Commit(lvm.CommitRequest{New: tagged(g.VG, "x"), Restore: true})
	require.NoError(t, err)
	require.Len(t, s.VGs, 1)
	require.Empty(t, d.scan().AllFaults())
}

func TestPartialErrorPrints(t *testing.T) {
	err := &lvm.PartialError{VG: "vg", Err: errMedium}
	require.EqualError(t, err, "VG vg: committed, and not everything was written: medium error")
	require.ErrorIs(t, err, errMedium)
}

var errMedium = errors.New("medium error")

// A write or a flush that fails, whichever it is, leaves the old VG or the new one,
// and the error says which; the next change heals the rest.
func TestCommitFails(t *testing.T) {
	for _, what := range []string{"write", "flush"} {
		for _, c := range changes(2) {
			t.Run(what+" of "+c.name, func(t *testing.T) {
				steps := map[string]int{}
				for n := 0; ; n++ {
					d := c.start(t)
					if c.name == "revert" {
						break // it fails anyhow
					}
					before, left := textOf(d.scan()), n
					failed := false
					var mu sync.Mutex // flushes come at the same time
					for _, s := range d {
						s.fail = func(kind string, _ int64) error {
							if kind != what {
								return nil
							}
							mu.Lock()
							defer mu.Unlock()
							left--
							if left == -1 {
								failed = true
								return errMedium
							}
							return nil
						}
					}
					err := c.do(t, d.scan())
					for _, s := range d {
						s.fail = nil
					}
					if !failed {
						require.NoError(t, err)
						break
					}
					require.ErrorIs(t, err, errMedium)
					fresh := d.scan()
					var commit *lvm.CommitError
					switch {
					case errors.Is(err, lvm.ErrPartial):
						steps["partial"]++
						require.NotEqual(t, before, textOf(fresh))
					case errors.As(err, &commit):
						steps[commit.Step]++
						if commit.Step != "remove" {
							require.Equal(t, before, textOf(fresh), "%s %d: %v", what, n, err)
						}
					default:
						t.Fatalf("%T: %v", err, err)
					}
					heal(t, d, fresh, fmt.Sprint(what, n))
				}
				t.Logf("%v", steps)
			})
		}
	}
}

// Where no area can be written at the last step, it is undone; what was undone can
// be seen from what resume is told.
func TestSuspend(t *testing.T) {
	for _, test := range []struct {
		name      string
		fails     int // writes behind the suspension, from the first on
		suspend   error
		resume    error
		committed bool
	}{
		{"sound", 0, nil, nil, true},
		{"not suspended", 0, errSuspend, nil, false},
		{"one area", 1, nil, nil, true},
		{"all areas", 2, nil, nil, false},
		{"not resumed", 0, nil, errSuspend, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := newDisks(8*mib, 8*mib)
			s, g := d.committed(t, "vg", 2)
			before := textOf(s)
			var told []bool
			_, err := s.Commit(lvm.CommitRequest{VG: g, New: tagged(g.VG, "x"), Suspend: func(next *lvm.VG) (func(bool) error, error) {
				require.EqualValues(t, 2, next.Seqno)
				fresh := d.scan()
				require.Equal(t, before, textOf(fresh), "the text is written and does not count")
				require.EqualValues(t, next.AppendText(nil), precommitted(t, fresh.PVs[1]))
				left := test.fails
				for _, disk := range d {
					disk.fail = func(what string, _ int64) error {
						if what == "write" && left > 0 {
							left--
							return errMedium
						}
						return nil
					}
				}
				return func(committed bool) error {
					told = append(told, committed)
					return test.resume
				}, test.suspend
			}})
			if test.suspend != nil {
				require.Empty(t, told)
			} else {
				require.Equal(t, []bool{test.committed}, told)
			}
			fresh := d.scan()
			require.Equal(t, !test.committed, before == textOf(fresh))
			require.Equal(t, test.name == "sound", err == nil)
			require.Equal(t, test.committed && err != nil, errors.Is(err, lvm.ErrPartial))
			if test.suspend != nil || test.resume != nil {
				require.ErrorIs(t, err, errSuspend)
			}
			for _, pv := range fresh.PVs {
				if test.fails != 1 {
					require.True(t, pv.Areas[0].Precommitted.Empty())
				}
			}
			heal(t, d, fresh, test.name)
		})
	}
}

// precommitted is the text of the second slot of a PV's first area.
func precommitted(t *testing.T, pv *lvm.DiskPV) string {
	t.Helper()
	text, err := pv.Areas[0].ReadText(pv.Device, pv.Areas[0].Precommitted)
	require.NoError(t, err)
	return text + "\x00"
}
