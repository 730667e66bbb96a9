package lvm_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/lvm/text"
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

// What must not be written is not, and nothing is.
func TestCommitRefused(t *testing.T) {
	tests := []struct {
		name string
		// old makes the VG that is there something else; new is what it is to be, and r
		// may be changed too.
		old  func(vg *lvm.VG)
		new  func(vg *lvm.VG, s *lvm.Scan, r *lvm.CommitRequest)
		want error
		text string
	}{
		{"foreign system", func(vg *lvm.VG) { vg.SystemID = "host1" }, func(_ *lvm.VG, _ *lvm.Scan, r *lvm.CommitRequest) { r.SystemID = "host2" }, lvm.ErrForeign, `commit VG vg: check: system ID "host1": VG belongs to another system`},
		{"own system", func(vg *lvm.VG) { vg.SystemID = "host1" }, func(_ *lvm.VG, _ *lvm.Scan, r *lvm.CommitRequest) { r.SystemID = "host1" }, nil, ""},
		{"exported", func(vg *lvm.VG) { vg.Status = vg.Status.With(lvm.FlagExported) }, nil, lvm.ErrExported, ""},
		{"exported for good", func(vg *lvm.VG) { vg.Status = vg.Status.With(lvm.FlagExported) }, func(_ *lvm.VG, _ *lvm.Scan, r *lvm.CommitRequest) { r.Import = true }, lvm.ErrExported, ""},
		{"imported", func(vg *lvm.VG) { vg.Status = vg.Status.With(lvm.FlagExported) }, func(vg *lvm.VG, _ *lvm.Scan, r *lvm.CommitRequest) {
			vg.Status = vg.Status.Without(lvm.FlagExported)
			r.Import = true
		}, nil, ""},
		{"to be exported", nil, func(vg *lvm.VG, _ *lvm.Scan, _ *lvm.CommitRequest) { vg.Status = vg.Status.With(lvm.FlagExported) }, nil, ""},
		{"lvmlockd", func(vg *lvm.VG) { vg.LockType = "sanlock" }, nil, lvm.ErrShared, `lock type "sanlock"`},
		{"lvmlockd's flag", func(vg *lvm.VG) { vg.Status = vg.Status.With(lvm.FlagShared) }, nil, lvm.ErrShared, ""},
		{"lock type none", func(vg *lvm.VG) { vg.LockType = "none" }, nil, nil, ""},
		{"to be locked by lvmlockd", nil, func(vg *lvm.VG, _ *lvm.Scan, _ *lvm.CommitRequest) { vg.LockType = "dlm" }, lvm.ErrShared, ""},
		{"clustered", func(vg *lvm.VG) { vg.Status = vg.Status.With(lvm.FlagClustered) }, nil, lvm.ErrClustered, ""},
		{"read-only", func(vg *lvm.VG) { vg.Status = vg.Status.Without(lvm.FlagWrite) }, nil, lvm.ErrVGNotWritable, ""},
		{"write locked", func(vg *lvm.VG) {
			vg.Status = vg.Status.Without(lvm.FlagWrite)
			vg.Flags = vg.Flags.With(lvm.FlagWriteLocked)
		}, nil, nil, ""},
		{"unknown segment", func(vg *lvm.VG) {
			addSegment(vg, &lvm.Held{Type: "quantum", Nodes: []text.Node{{Key: "qubits", Raw: "5"}}})
		}, nil, lvm.ErrUnknownSegment, "LV odd: type quantum"},
		{"missing by its flag", nil, func(vg *lvm.VG, _ *lvm.Scan, _ *lvm.CommitRequest) {
			pv := vg.PVs[0].Clone()
			pv.Flags = pv.Flags.With(lvm.FlagMissing)
			vg.PVs[0] = pv
		}, lvm.ErrMissingPV, "is said to be missing"},
		{"missing", nil, func(vg *lvm.VG, _ *lvm.Scan, _ *lvm.CommitRequest) {
			pv := vg.PVs[0].Clone()
			pv.ID = lvm.NewID()
			vg.PVs = append(vg.PVs, pv)
		}, lvm.ErrMissingPV, ""},
		{"not a VG", nil, func(vg *lvm.VG, _ *lvm.Scan, _ *lvm.CommitRequest) { vg.Name = "a/b" }, lvm.ErrName, ""},
		{"nothing", nil, func(_ *lvm.VG, _ *lvm.Scan, r *lvm.CommitRequest) { r.VG, r.New = nil, nil }, nil, "commit VG : check: neither a VG nor what it is to be"},
		{"has LVs", nil, func(_ *lvm.VG, _ *lvm.Scan, r *lvm.CommitRequest) { r.New = nil }, lvm.ErrHasLVs, ""},
		{"name of another", nil, func(vg *lvm.VG, s *lvm.Scan, _ *lvm.CommitRequest) {
			other := newVG(s, "other", 3, 0)
			other.PVs = other.PVs[2:]
			_, err := s.Commit(lvm.CommitRequest{New: other})
			require.NoError(t, err)
			vg.Name = "other"
		}, lvm.ErrSameName, ""},
		{"PV of another", nil, func(vg *lvm.VG, s *lvm.Scan, _ *lvm.CommitRequest) {
			other := newVG(s, "other", 3, 0)
			other.PVs = other.PVs[2:]
			_, err := s.Commit(lvm.CommitRequest{New: other})
			require.NoError(t, err)
			vg.PVs = append(vg.PVs, other.PVs...)
		}, lvm.ErrNotFree, "PV /dev/c: in VG other"},
		{"PV that is larger than its device", nil, func(vg *lvm.VG, _ *lvm.Scan, _ *lvm.CommitRequest) {
			pv := vg.PVs[0].Clone()
			pv.Size++
			vg.PVs[0] = pv
		}, lvm.ErrSmallDevice, "the device has 16384 sectors, the VG says 16385"},
		{"more extents than the device has", nil, func(vg *lvm.VG, _ *lvm.Scan, _ *lvm.CommitRequest) {
			pv := vg.PVs[0].Clone()
			pv.Size, pv.Count = 0, 15
			vg.PVs[0] = pv
		}, lvm.ErrSmallDevice, "15 extents of 1024 sectors from sector 2048 on, the device has 16384"},
		{"extents in the metadata area", nil, func(vg *lvm.VG, _ *lvm.Scan, _ *lvm.CommitRequest) {
			pv := vg.PVs[0].Clone()
			pv.Start, pv.Count = 2040, 13
			vg.PVs[0] = pv
		}, lvm.ErrMisplaced, "extents are in sectors 2040 to 15352, a metadata area in 8 to 2048"},
		{"text too long", nil, func(vg *lvm.VG, _ *lvm.Scan, _ *lvm.CommitRequest) {
			for i := range 6000 {
				vg.Tags = append(vg.Tags, fmt.Sprintf("%0100d", i))
			}
		}, disk.ErrTextTooLong, "PV /dev/a: metadata area at byte 4096: text of "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newDisks(8*mib, 8*mib, 8*mib)
			s := d.pvs(t, nil)
			vg := newVG(s, "vg", 2, 2)
			g, err := s.Commit(lvm.CommitRequest{New: vg})
			require.NoError(t, err)
			if test.old != nil {
				changed := g.VG.Clone()
				test.old(changed)
				plant(t, d, g, changed)
				s = d.scan()
				g, err = s.VG("vg")
				require.NoError(t, err)
			}
			r := lvm.CommitRequest{VG: g, New: g.VG.Clone()}
			if test.new != nil {
				test.new(r.New, s, &r)
			}
			before := d.clone()
			_, err = s.Commit(r)
			if test.want == nil && test.text == "" {
				require.NoError(t, err)
				return
			}
			if test.want != nil {
				require.ErrorIs(t, err, test.want)
			}
			require.ErrorContains(t, err, test.text)
			var commit *lvm.CommitError
			require.ErrorAs(t, err, &commit)
			require.Equal(t, "check", commit.Step)
			for i := range d {
				require.Equal(t, before[i].sectors, d[i].sectors)
			}
		})
	}
}

// addSegment adds an LV with a segment of that type.
func addSegment(vg *lvm.VG, typ lvm.SegmentType) {
	vg.LVs = append(vg.LVs, &lvm.LV{
		Name: "odd", ID: lvm.NewID(), Status: lvm.Flags{"READ", "WRITE", "VISIBLE"},
		Segments: []lvm.Segment{{Length: 1, Type: typ}},
	})
}

// plant writes vg as the committed text of all areas of g, whatever it is.
func plant(t *testing.T, d disks, g *lvm.DiskVG, vg *lvm.VG) {
	t.Helper()
	for _, pv := range g.PVs {
		plantText(t, pv, vg.AppendText(nil))
	}
}

// plantText writes a text as the committed one of a PV's first area.
func plantText(t *testing.T, pv *lvm.DiskPV, text []byte) {
	t.Helper()
	h := pv.Areas[0].AreaHeader
	l, err := h.Place(text, h.Committed)
	require.NoError(t, err)
	for _, w := range h.Writes(text, l) {
		_, err := pv.Device.WriteAt(w.Data, int64(w.Start))
		require.NoError(t, err)
	}
	h.Committed = l
	_, err = pv.Device.WriteAt(disk.AppendAreaHeader(nil, h), int64(h.Start))
	require.NoError(t, err)
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
					for _, s := range d {
						s.fail = func(kind string, _ int64) error {
							if kind != what {
								return nil
							}
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

// Somebody who did not know of the lock wrote between the scan and the commit.
func TestCommitFindsChanges(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(t *testing.T, d disks, g *lvm.DiskVG)
	}{
		{"text", func(t *testing.T, d disks, g *lvm.DiskVG) {
			s := d.scan()
			_, err := s.Commit(lvm.CommitRequest{VG: s.VGs[0], New: tagged(g.VG, "other")})
			require.NoError(t, err)
		}},
		{"label", func(t *testing.T, d disks, g *lvm.DiskVG) {
			h := g.PVs[1].Header
			h.Size--
			_, err := d[1].WriteAt(disk.AppendLabel(nil, h), 512)
			require.NoError(t, err)
		}},
		{"precommit", func(t *testing.T, d disks, g *lvm.DiskVG) {
			h := g.PVs[1].Areas[0].AreaHeader
			h.Precommitted = h.Committed
			_, err := d[1].WriteAt(disk.AppendAreaHeader(nil, h), 4096)
			require.NoError(t, err)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := newDisks(8*mib, 8*mib)
			d.committed(t, "vg", 2)
			s := d.scan()
			g := s.VGs[0]
			test.change(t, d, g)
			before := textOf(d.scan())
			_, err := s.Commit(lvm.CommitRequest{VG: g, New: tagged(g.VG, "x")})
			require.ErrorIs(t, err, lvm.ErrChanged)
			require.Equal(t, before, textOf(d.scan()))
		})
	}
}

// A PV that says that it is in use, or has metadata, joins no other VG; one whose
// VG was not read does not either.
func TestJoiningRefused(t *testing.T) {
	join := func(s *lvm.Scan) error {
		g, err := s.VG("vg")
		require.NoError(t, err)
		vg := g.VG.Clone()
		vg.PVs = append(vg.PVs, s.PVs[2].NewPV(vg.ExtentSize))
		_, err = s.Commit(lvm.CommitRequest{VG: g, New: vg})
		return err
	}
	d := newDisks(8*mib, 8*mib, 8*mib)
	s, _ := d.committed(t, "vg", 2)
	h := s.PVs[2].Header
	h.SetUsed(true)
	_, err := d[2].WriteAt(disk.AppendLabel(nil, h), 512)
	require.NoError(t, err)
	s = d.scan()
	require.ErrorIs(t, s.Faults[0], lvm.ErrUsedFlag)
	require.ErrorIs(t, join(s), lvm.ErrNotFree)

	h.SetUsed(false)
	_, err = d[2].WriteAt(disk.AppendLabel(nil, h), 512)
	require.NoError(t, err)
	plantText(t, s.PVs[2], []byte("no metadata\x00"))
	s = d.scan()
	require.ErrorIs(t, join(s), lvm.ErrNotFree)

	s = lvm.ScanDevices(d.devices(), lvm.ScanOptions{VG: "vg"})
	require.ErrorIs(t, join(s), lvm.ErrPartScan)
	_, err = s.Commit(lvm.CommitRequest{New: newVG(s, "new", 1, 0)})
	require.ErrorIs(t, err, lvm.ErrPartScan)
	g, err := s.VG("vg")
	require.NoError(t, err)
	_, err = s.Commit(lvm.CommitRequest{VG: g, New: tagged(g.VG, "x")})
	require.NoError(t, err, "but its own changes are possible")

	h.Version = 3
	_, err = d[2].WriteAt(disk.AppendLabel(nil, h), 512)
	require.NoError(t, err)
	s = d.scan()
	empty := s.PVs[2].Areas[0].AreaHeader
	empty.Committed = disk.Location{}
	_, err = d[2].WriteAt(disk.AppendAreaHeader(nil, empty), 4096)
	require.NoError(t, err)
	require.ErrorIs(t, join(d.scan()), lvm.ErrUnknownHeader)
}

// As many areas have the text as the VG wants: vgchange --vgmetadatacopies.
func TestMetadataCopies(t *testing.T) {
	d := newDisks(8*mib, 8*mib, 8*mib)
	s := d.pvs(t, &lvm.CreatePV{Layout: disk.Layout{SecondArea: true}})
	vg := newVG(s, "vg", 3, 2)
	var g *lvm.DiskVG
	for _, test := range []struct {
		copies uint32
		want   string // in use, of each PV's areas
	}{
		{0, "11 11 11"}, {2, "10 10 00"}, {1, "10 00 00"}, {4, "11 10 10"}, {9, "11 11 11"}, {3, "10 10 10"}, {0, "10 10 10"}, {6, "11 11 11"},
	} {
		vg.MetadataCopies = test.copies
		var err error
		g, err = s.Commit(lvm.CommitRequest{VG: g, New: vg})
		require.NoError(t, err)
		fresh := d.scan()
		require.Empty(t, fresh.AllFaults())
		var used []string
		for _, pv := range fresh.PVs {
			u := ""
			for _, a := range pv.Areas {
				u += map[bool]string{true: "0", false: "1"}[a.Ignored()]
				require.Equal(t, a.Ignored(), a.Committed.Empty())
			}
			used = append(used, u)
		}
		require.Equal(t, test.want, strings.Join(used, " "), "%d copies", test.copies)
		vg = g.VG.Clone()
	}
}

// Where all areas are ignored, one must not be; without areas there is no VG.
func TestCommitWithoutAreas(t *testing.T) {
	d := newDisks(8*mib, 8*mib)
	s := d.pvs(t, &lvm.CreatePV{IgnoreAreas: true})
	_, err := s.Commit(lvm.CommitRequest{New: newVG(s, "vg", 2, 2)})
	require.NoError(t, err)
	s = d.scan()
	require.Empty(t, s.AllFaults())
	require.False(t, s.PVs[0].Areas[0].Ignored())
	require.True(t, s.PVs[1].Areas[0].Ignored())

	d = newDisks(8*mib, 8*mib)
	s = d.pvs(t, &lvm.CreatePV{Layout: disk.Layout{NoMetadata: true}})
	_, err = s.Commit(lvm.CommitRequest{New: newVG(s, "vg", 2, 2)})
	require.ErrorIs(t, err, lvm.ErrNoArea)
}

func TestTextLeft(t *testing.T) {
	d := newDisks(8*mib, 8*mib)
	s := d.scan()
	for i, size := range []units.Bytes{0, 32 << 10} {
		_, err := s.CreatePV(d.devices()[i], lvm.CreatePV{Layout: disk.Layout{MetadataSize: size, Alignment: 4096}})
		require.NoError(t, err)
	}
	g, err := s.Commit(lvm.CommitRequest{New: newVG(s, "vg", 2, 2)})
	require.NoError(t, err)
	require.EqualValues(t, 15616, g.MaxText())
	left := g.TextLeft(g.VG)
	require.EqualValues(t, 15616-len(g.VG.AppendText(nil)), left)
	next := tagged(g.VG, "x")
	next.Tags = []string{strings.Repeat("x", int(left))}
	over := -g.TextLeft(next)
	require.Positive(t, over)
	_, err = s.Commit(lvm.CommitRequest{VG: g, New: next})
	var long *disk.TextTooLongError
	require.ErrorAs(t, err, &long)
	require.EqualValues(t, over, long.Size-long.Max)
	next.Tags = []string{strings.Repeat("x", int(left-over))}
	require.Zero(t, g.TextLeft(next))
	_, err = s.Commit(lvm.CommitRequest{VG: g, New: next})
	require.NoError(t, err)
	require.Zero(t, (&lvm.DiskVG{VG: g.VG}).MaxText())
}
