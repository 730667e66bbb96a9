package lvm_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// judged is for scripts/crash.sh: it takes minutes, lvm2, loop devices and root.
var judged = flag.Bool("judge", false, "let lvm2 judge the states that power cuts leave")

// judge is lvm2 on some loop devices of its own.
type judge struct {
	t     *testing.T
	dir   string
	files []string
	loops []*ioctl.Loop
	size  units.Bytes
}

func newJudge(t *testing.T, n int, size units.Bytes) *judge {
	t.Helper()
	j := &judge{t: t, dir: t.TempDir(), size: size}
	filter := ""
	for i := range n {
		file := filepath.Join(j.dir, fmt.Sprintf("%sjudge-%d.img", testenv.Prefix, i))
		require.NoError(t, os.WriteFile(file, nil, 0o600))
		require.NoError(t, os.Truncate(file, int64(size)))
		loop, err := ioctl.AttachLoop(file, ioctl.LoopConfig{})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, loop.Detach()) })
		j.files, j.loops = append(j.files, file), append(j.loops, loop)
		filter += fmt.Sprintf("%q,", "a|^"+loop.Path()+"$|")
	}
	conf := fmt.Sprintf(`devices { dir="/dev" scan=["/dev"] filter=[%[1]s"r|.*|"] global_filter=[%[1]s"r|.*|"] use_devicesfile=0
  obtain_device_list_from_udev=0 external_device_info_source="none" hints="none" sysfs_scan=0 }
backup { backup=0 archive=0 }
global { locking_dir=%[2]q event_activation=0 }
activation { udev_sync=0 udev_rules=0 monitoring=0 }
log { syslog=0 }`, filter, j.dir)
	require.NoError(t, os.WriteFile(filepath.Join(j.dir, "lvm.conf"), []byte(conf), 0o600))
	return j
}

// run runs an lvm command. What it says of there being no device-mapper is left
// out; stderr comes behind stdout.
func (j *judge) run(args ...string) (string, error) {
	j.t.Helper()
	cmd := exec.Command("lvm", append([]string{args[0], "--driverloaded", "n"}, args[1:]...)...)
	cmd.Env = append(os.Environ(), "LVM_SYSTEM_DIR="+j.dir, "LVM_SUPPRESS_FD_WARNINGS=1", "LC_ALL=C")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var out strings.Builder
	for line := range strings.Lines(stdout.String() + stderr.String()) {
		if !strings.Contains(line, "Activation disabled") && !strings.Contains(line, "NOT backed up") {
			out.WriteString(line)
		}
	}
	return out.String(), err
}

// put makes the devices what d is.
func (j *judge) put(d disks) {
	j.t.Helper()
	for i, s := range d {
		f, err := os.OpenFile(j.files[i], os.O_RDWR, 0)
		require.NoError(j.t, err)
		require.NoError(j.t, f.Truncate(0))
		require.NoError(j.t, f.Truncate(int64(j.size)))
		for at, data := range s.sectors {
			_, err := f.WriteAt(data[:], at*512)
			require.NoError(j.t, err)
		}
		require.NoError(j.t, f.Close())
		require.NoError(j.t, ioctl.FlushBuffers(j.loops[i].File()))
	}
}

// get is what the devices are.
func (j *judge) get() (d disks) {
	j.t.Helper()
	for _, file := range j.files {
		b, err := os.ReadFile(file)
		require.NoError(j.t, err)
		d = append(d, sparseOf(b))
	}
	return d
}

// vgs is what lvm2 says of the VGs: "name seqno pvs" each.
func (j *judge) vgs(where string) []string {
	j.t.Helper()
	out, err := j.run("vgs", "--reportformat", "json", "-o", "vg_name,vg_seqno,pv_count,lv_count,vg_tags")
	require.NoError(j.t, err, "%s: %s", where, out)
	start := strings.Index(out, "{")
	var report struct {
		Report []struct {
			VG []map[string]string `json:"vg"`
		} `json:"report"`
	}
	require.NoError(j.t, json.NewDecoder(strings.NewReader(out[start:])).Decode(&report))
	var vgs []string
	for _, vg := range report.Report[0].VG {
		vgs = append(vgs, fmt.Sprintf("%s %s %s %s %s", vg["vg_name"], vg["vg_seqno"], vg["pv_count"], vg["lv_count"], vg["vg_tags"]))
	}
	return vgs
}

// described is a VG as vgs has it.
func described(vg *lvm.VG) string {
	tags := slices.Sorted(slices.Values(vg.Tags))
	return fmt.Sprintf("%s %d %d %d %s", vg.Name, vg.Seqno, len(vg.PVs), len(vg.LVs), strings.Join(tags, ","))
}

// meaning is what of the devices' content a reader may look at: labels, area headers,
// and what is wrong with the texts to which they refer. Nobody looks at the rest of
// the rings.
func meaning(d disks) string {
	var b strings.Builder
	for i, s := range d {
		for _, at := range slices.Sorted(maps.Keys(s.sectors)) {
			data := s.sectors[at]
			if at < 4 || bytes.Contains(data[:32], []byte(" LVM2 x[5A%r0N*>")) {
				fmt.Fprintf(&b, "%d %d %s", i, at, data[:])
			}
		}
	}
	for _, fault := range d.scan().AllFaults() {
		fmt.Fprintln(&b, fault)
	}
	return b.String()
}

// TestLVM2JudgesPowerCuts: of each state that a power cut leaves, lvm2 reads the VG
// that rok reads, its next change heals it, and rok's next change leaves nothing
// that lvm2 complains of.
func TestLVM2JudgesPowerCuts(t *testing.T) {
	if !*judged {
		t.Skip("go test -judge, as root and with lvm2: see scripts/crash.sh")
	}
	for n := 1; n <= 3; n++ {
		for _, c := range changes(n) {
			t.Run(fmt.Sprintf("%s on %d", c.name, n), func(t *testing.T) {
				j := newJudge(t, c.disks, 8*mib)
				d := c.start(t)
				start := d.clone()
				journal := d.record()
				require.NoError(t, c.do(t, d.scan()))
				seen := map[string]bool{}
				all := journal.states(start, func(d disks, where string) {
					if m := meaning(d); !seen[m] {
						seen[m] = true
						j.judge(d, where)
					}
				})
				t.Logf("%d states, %d of them different", all, len(seen))
			})
		}
	}
}

// judge lets lvm2 look at one state.
func (j *judge) judge(d disks, where string) {
	j.t.Helper()
	s := d.scan()
	g := vgOf(j.t, s)
	j.put(d)
	var want []string
	if g != nil {
		want = []string{described(g.VG)}
	}
	require.Equal(j.t, want, j.vgs(where), where)
	if g == nil {
		args := []string{"vgcreate", "judged"}
		for _, pv := range s.PVs {
			args = append(args, j.loop(pv))
		}
		out, err := j.run(args...)
		require.NoError(j.t, err, "%s: %s", where, out)
		j.sound(where + ": made by lvm2")
	} else {
		j.changes(g, where)
	}
	heal(j.t, d, s, where)
	j.put(d)
	require.Equal(j.t, []string{described(vgOf(j.t, d.scan()).VG)}, j.vgs(where), where)
	j.sound(where + ": changed by rok")
}

// loop is the loop device of a PV.
func (j *judge) loop(pv *lvm.DiskPV) string {
	return j.loops[slices.Index(paths, pv.Device.Path)].Path()
}

// changes lets lvm2 read the VG, and change it.
func (j *judge) changes(g *lvm.DiskVG, where string) {
	j.t.Helper()
	for i, pv := range g.PVs {
		if len(pv.Areas) > 0 && pv.Areas[0].Committed.Size != 0 && !slices.ContainsFunc(g.Faults, func(f *lvm.Fault) bool { return f.Name == pv.Device.Path }) {
			out, err := j.run("pvck", "--dump", "metadata", j.loop(pv))
			require.NoError(j.t, err, "%s: %s", where, out)
			require.Contains(j.t, out, string(bytes.TrimSuffix(g.VG.AppendText(nil), []byte{0})), "PV %d", i)
		}
	}
	change := []string{"vgchange", "--addtag", "judged", g.VG.Name}
	if len(g.VG.LVs) > 0 {
		change = []string{"lvchange", "--addtag", "judged", g.VG.Name + "/" + g.VG.LVs[0].Name}
	}
	out, err := j.run(change...)
	require.NoError(j.t, err, "%s: %s", where, out)
	j.sound(where + ": changed by lvm2")
}

// sound expects that neither lvm2 nor rok finds anything wrong with the VG. PVs that
// were to join it, or have left it unnoticed, are left alone by lvm2: a second slot
// of a commit that was cut off stays, or an old text.
func (j *judge) sound(where string) {
	j.t.Helper()
	s := j.get().scan()
	g := vgOf(j.t, s)
	for _, pv := range g.PVs {
		out, _ := j.run("pvck", "--dump", "headers", j.loop(pv))
		require.NotContains(j.t, out, "CHECK", where)
		require.NotContains(j.t, out, "WARN", where)
	}
	out, err := j.run("vgck", g.VG.Name)
	require.NoError(j.t, err, "%s: %s", where, out)
	if len(g.Outdated) == 0 {
		require.Empty(j.t, out, where)
	}
	require.Empty(j.t, g.Faults, where)
}
