package interop_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
)

// state is what is on the disks of a stand.
type state struct {
	scan *lvm.Scan
	// raw is all that counts on the disks: headers and texts, byte by byte.
	raw string
	// neutral is raw without what differs when two do the same: identities, times
	// and who it was.
	neutral string
	texts   map[string]string // of each VG, by name, as it is on its first area
}

// state reads what is on the disks.
func (s *stand) state() *state {
	s.t.Helper()
	scan, err := s.system.Scan(context.Background(), lvm.ScanOptions{Verify: true})
	require.NoError(s.t, err)
	st := &state{scan: scan, texts: map[string]string{}}
	var raw strings.Builder
	byDevice := map[string]*lvm.DiskPV{}
	for _, pv := range scan.PVs {
		byDevice[pv.Device.Path] = pv
	}
	for i, d := range s.disks {
		pv := byDevice[d.Path()]
		if pv == nil {
			fmt.Fprintf(&raw, "%%%d: no PV\n", i)
			continue
		}
		h := pv.Header
		fmt.Fprintf(&raw, "%%%d: PV %s, label %d, size %d, version %d, flags %x, data %v, boot %v, areas %v\n",
			i, pv.ID(), h.Sector, h.Size, h.Version, h.Flags, h.Data, h.Boot, h.Metadata)
		for _, a := range pv.Areas {
			text := s.text(i, a)
			fmt.Fprintf(&raw, "%%%d: area at %d, flags %x:\n%s\n", i, a.Start, a.Committed.Flags, text)
			if pv.VG != nil && st.texts[pv.VG.VG.Name] == "" {
				st.texts[pv.VG.VG.Name] = text
			}
		}
	}
	st.raw = raw.String()
	st.neutral = s.neutral(scan, st.raw)
	return st
}

// text reads the text that counts in a metadata area, around the end of its ring.
func (s *stand) text(disk int, a *lvm.DiskArea) string {
	s.t.Helper()
	const header = 512 // MDA_HEADER_SIZE, lib/format_text/layout.h
	l := a.Committed
	if l.Size == 0 || l.Flags != 0 {
		return ""
	}
	b := make([]byte, l.Size)
	first := min(l.Size, a.Size-l.Offset)
	readAt(s.t, s.disks[disk].File(), b[:first], a.Start+l.Offset)
	readAt(s.t, s.disks[disk].File(), b[first:], a.Start+header)
	return string(b)
}

// changing is what differs between two who do the same.
var changing = regexp.MustCompile(`(?m)^\t*(creation_time|creation_host|description|seqno) = .*\n`)

// changingByWrite is what a text says about its being written. An LV keeps its
// creation_time, behind tabs.
var changingByWrite = regexp.MustCompile(`(?m)^(creation_time|creation_host|description|\tseqno) = .*\n`)

// neutral takes out of text what nobody can do in the same way twice.
func (s *stand) neutral(scan *lvm.Scan, text string) string {
	var pairs []string
	for _, pv := range scan.PVs {
		pairs = append(pairs, pv.ID().String(), "PV "+pv.Device.Path+"'")
	}
	for _, g := range scan.VGs {
		pairs = append(pairs, g.VG.ID.String(), "VG "+g.VG.Name)
		for _, lv := range g.VG.LVs {
			pairs = append(pairs, lv.ID.String(), "LV "+g.VG.Name+"/"+lv.Name)
		}
	}
	text = strings.NewReplacer(pairs...).Replace(text)
	return s.abridge(changing.ReplaceAllString(text, ""))
}

// unused are the numbers of the disks with PVs that are in no VG, and empty of
// those without PVs.
func (s *stand) unused(st *state) (orphans, empty []int) {
	for i, d := range s.disks {
		pv, err := st.scan.PV(d.Path())
		switch {
		case err != nil:
			empty = append(empty, i)
		case pv.VG == nil:
			orphans = append(orphans, i)
		}
	}
	return orphans, empty
}

// disk is the number of a PV's disk.
func (s *stand) disk(st *state, id lvm.ID) int {
	for i, d := range s.disks {
		if pv, err := st.scan.PV(d.Path()); err == nil && pv.ID() == id {
			return i
		}
	}
	require.FailNow(s.t, "no disk", "of PV %s", id)
	return 0
}
