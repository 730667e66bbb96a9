package host_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm/host"
)

// What lvm2 has in its list of devices, and what another machine changes on the
// same disks without telling: lvm2 does not see it, or takes a PV for missing.
// After VoidHints it does, at once.
func TestVoidHints(t *testing.T) {
	tests := []struct {
		name          string
		prepare       [][]string // by lvm2 here
		change        [][]string // by the other one
		look          []string
		stale, wanted string
	}{
		{
			name:    "a PV joins a VG",
			prepare: [][]string{{"vgcreate", "vg", "0"}},
			change:  [][]string{{"vgextend", "vg", "1"}},
			look:    []string{"vgs", "-o", "vg_name,pv_count,vg_missing_pv_count", "vg"},
			stale:   "vg:2:1", wanted: "vg:2:0",
		},
		{
			name:    "a new VG",
			prepare: [][]string{{"vgcreate", "vg", "0"}},
			change:  [][]string{{"vgcreate", "new", "1"}},
			look:    []string{"vgs", "-o", "vg_name,pv_count", "-O", "vg_name"},
			stale:   "vg:1", wanted: "new:1",
		},
		{
			name:    "a new PV",
			prepare: [][]string{{"vgcreate", "vg", "0"}},
			change:  [][]string{{"pvcreate", "1"}},
			look:    []string{"pvs", "-o", "vg_name,pv_fmt", "-O", "vg_name"},
			stale:   "vg:lvm2", wanted: ":lvm2",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newMachine(t, 2)
			other := machineWith(t, m.disks)
			do := func(m *machine, all [][]string) {
				for _, args := range all {
					args = append([]string{}, args...)
					last := &args[len(args)-1]
					*last = m.disks[(*last)[0]-'0']
					m.lvm(args[0], args[1:]...)
				}
			}
			do(m, tt.prepare)
			m.lvm("vgs") // makes the list
			require.NotContains(t, files(t, filepath.Join(m.run, "lvm")), "newhints")
			do(other, tt.change)
			require.Equal(t, tt.stale, m.report(tt.look[0], tt.look[1:]...)[0], "the list is used")

			h := m.host()
			hints, err := h.VoidHints(t.Context())
			require.NoError(t, err)
			list := filepath.Join(m.run, "lvm/hints")
			void, err := os.ReadFile(list)
			require.NoError(t, err)
			require.Regexp(t, `^# Created empty by rok pid \d+ \w{3} \w{3} .*\n$`, string(void))
			see := func() string {
				lines := m.report(tt.look[0], tt.look[1:]...)
				return lines[0]
			}
			require.Equal(t, tt.wanted, see(), "while the list is held, it is not used")
			still, err := os.ReadFile(list)
			require.NoError(t, err)
			require.Equal(t, string(void), string(still), "nor made anew")
			require.Equal(t, []string{"hints", "newhints"}, files(t, filepath.Join(m.run, "lvm")))
			require.NoError(t, hints.Release())
			require.NoError(t, hints.Release(), "again")
			require.Equal(t, tt.wanted, see())
			made, err := os.ReadFile(list)
			require.NoError(t, err)
			require.Contains(t, string(made), "scan:"+m.disks[1])
			require.Equal(t, tt.wanted, see(), "with the new list")
			require.Equal(t, []string{"hints"}, files(t, filepath.Join(m.run, "lvm")))
		})
	}
}

// Where no command made a list yet, none makes one while it is void.
func TestVoidHintsFirst(t *testing.T) {
	m := newMachine(t, 1)
	h := m.host()
	require.NoError(t, os.Remove(filepath.Join(m.run, "lvm")))
	hints, err := h.VoidHints(t.Context())
	require.NoError(t, err, "no directory: nobody has a list")
	require.NoError(t, hints.Release())
	require.NoError(t, os.Mkdir(filepath.Join(m.run, "lvm"), 0o700))
	hints, err = h.VoidHints(t.Context())
	require.NoError(t, err)
	m.lvm("vgcreate", "--config", "devices/hints=none", "vg", m.disks[0])
	require.Equal(t, []string{"vg"}, m.report("vgs", "-o", "vg_name"))
	void, err := os.ReadFile(filepath.Join(m.run, "lvm/hints"))
	require.NoError(t, err)
	require.NotContains(t, string(void), "scan:")
	require.NoError(t, hints.Release())
}

// It waits for a command that holds the list, no longer than it may.
func TestVoidHintsWaits(t *testing.T) {
	h, dir := plain(t)
	first, err := h.VoidHints(t.Context())
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = h.VoidHints(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, []string{"hints", "newhints"}, files(t, filepath.Join(dir, "run")), "and leaves nothing")
	require.NoError(t, first.Release())
	second, err := h.VoidHints(t.Context())
	require.NoError(t, err)
	require.NoError(t, second.Release())
	var none host.Hints
	require.NoError(t, none.Release())
}
