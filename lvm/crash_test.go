package lvm_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
)

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
