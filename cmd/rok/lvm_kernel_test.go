package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/lvm/host"
	"github.com/rok-storage/rok/units"
)

// besideLVM2 is a real kernel with loop devices, which rok and lvm2 use in turns:
// with the same lvm.conf, locks, backups and hints.
type besideLVM2 struct {
	t     *testing.T
	vg    string // its name has the prefix of all that tests make
	disks []string
	dir   string
	env   env

	compared int
}

func newBesideLVM2(t *testing.T, disks int) *besideLVM2 {
	t.Helper()
	testenv.Kernel(t, "linear", "striped", "thin-pool", "thin", "snapshot", "snapshot-origin", "program lvm", "program dmsetup")
	h := &besideLVM2{t: t, vg: testenv.Name(t), dir: t.TempDir(), env: *system()}
	var filter []string
	for range disks {
		disk := testenv.LoopDisk(t, 256*units.MiB)
		h.disks = append(h.disks, disk)
		filter = append(filter, fmt.Sprintf("%q", "a|^"+disk+"$|"))
	}
	conf := `devices { filter=[` + strings.Join(filter, ",") + `,"r|.*|"] use_devicesfile=0 obtain_device_list_from_udev=0 }
activation { udev_sync=0 udev_rules=0 monitoring=0 }
backup { backup_dir="` + h.dir + `/backup" archive_dir="` + h.dir + `/archive" }
global { locking_dir="` + h.dir + `/lock" thin_check_executable="" }
`
	require.NoError(t, os.WriteFile(filepath.Join(h.dir, "lvm.conf"), []byte(conf), 0o600))
	h.env.lvm.Host = &host.Config{Etc: h.dir}
	t.Cleanup(func() {
		_, _, _ = h.run("vg", "rm", "--force", h.vg) // gone already, unless the test failed
		require.NoDirExists(t, "/dev/"+h.vg)
	})
	return h
}

// run runs rok, in which VG stands for the VG's name and /dev/disk0 for the first
// disk.
func (h *besideLVM2) run(args ...string) (stdout, stderr string, code int) {
	var out, err bytes.Buffer
	e := h.env
	e.stdout, e.stderr = &out, &err
	code = run(context.WithoutCancel(h.t.Context()), h.named(args), &e)
	return out.String(), err.String(), code
}

func (h *besideLVM2) named(args []string) []string {
	args = slices.Clone(args)
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "VG", h.vg)
		for n, disk := range h.disks {
			args[i] = strings.ReplaceAll(args[i], fmt.Sprintf("/dev/disk%d", n), disk)
		}
	}
	return args
}

// rok runs a line of rok's, which must succeed.
func (h *besideLVM2) rok(line string) string {
	h.t.Helper()
	stdout, stderr, code := h.run(strings.Fields(line)...)
	require.Zero(h.t, code, "rok %s: %s", line, stderr)
	return stdout
}

// lvm2 runs a line of lvm2's, which must succeed.
func (h *besideLVM2) lvm2(line string) string {
	h.t.Helper()
	cmd := exec.Command("lvm", h.named(strings.Fields(line))...)
	cmd.Env = append(os.Environ(), "LVM_SYSTEM_DIR="+h.dir, "LVM_SUPPRESS_FD_WARNINGS=1", "DM_DISABLE_UDEV=1", "TZ=UTC")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(h.t, err, "%s: %s%s", line, out, stderr.String())
	return string(out)
}

// same compares what lvm2 and rok report, field by field. Each command of lvm2's
// takes a while in the machine, so that PVs and VGs are looked at now and then.
func (h *besideLVM2) same(after string) {
	h.t.Helper()
	// With a field of segments, lvs prints a line for each.
	volumes := map[any]map[string]any{}
	for _, v := range h.lines("lv ls -a VG") {
		volumes[v["lv_name"]] = v
	}
	segments := h.lines("lv ls -a --segments VG")
	for _, s := range segments {
		for key, value := range volumes[s["lv_name"]] {
			if _, own := s[key]; !own {
				s[key] = value
			}
		}
	}
	h.compare(after, segments, "lvs -a --segments VG", "seg")
	if h.compared++; h.compared%4 == 0 {
		h.all(after)
	}
}

// all compares the rest, and asks lvm2 what it thinks of the VG.
func (h *besideLVM2) all(after string) {
	h.t.Helper()
	h.compare(after, h.lines("vg ls VG"), "vgs VG", "vg")
	h.compare(after, h.lines("pv ls"), "pvs", "pv")
	require.NotContains(h.t, h.lvm2("vgck VG"), "WARNING", after)
}

// lines is a list of rok's.
func (h *besideLVM2) lines(line string) (list []map[string]any) {
	h.t.Helper()
	decoder := json.NewDecoder(strings.NewReader(h.rok(line + " -o json")))
	decoder.UseNumber()
	require.NoError(h.t, decoder.Decode(&list))
	return list
}

// ownFields are rok's, and those that lvm2 prints in another form.
var ownFields = []string{"lv_visible", "lv_time", "vg_mda_copies", "pv_ext_vsn"}

// compare compares lines of rok's with a report of lvm2's.
func (h *besideLVM2) compare(after string, mine []map[string]any, theirs, list string) {
	h.t.Helper()
	fields := []string{"vg_name"}
	for _, line := range mine {
		for key := range line {
			if !slices.Contains(ownFields, key) && !slices.Contains(fields, key) {
				fields = append(fields, key)
			}
		}
	}
	slices.Sort(fields)
	var doc struct {
		Report []map[string][]map[string]string `json:"report"`
	}
	report := h.lvm2(theirs + " --reportformat json --units b --nosuffix -o " + strings.Join(fields, ","))
	require.NoError(h.t, json.Unmarshal([]byte(report), &doc), report)
	want := doc.Report[0][list]
	require.Len(h.t, mine, len(want), "%s: %s", after, theirs)
	for i, line := range mine {
		got := map[string]string{}
		for _, key := range fields {
			got[key] = flatField(key, line[key])
			want[i][key] = strings.NewReplacer("[", "", "]", "").Replace(want[i][key])
		}
		require.Equal(h.t, want[i], got, "%s: %s", after, theirs)
	}
}

// flatField is a value as lvm2 prints it.
func flatField(key string, v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case json.Number:
		if strings.HasSuffix(key, "_percent") {
			f, _ := v.Float64()
			return fmt.Sprintf("%.2f", f)
		}
	case []any:
		var words []string
		for _, w := range v {
			words = append(words, fmt.Sprint(w))
		}
		separator := ","
		if key == "seg_pe_ranges" {
			separator = " "
		}
		return strings.Join(words, separator)
	}
	return fmt.Sprint(v)
}

// Both make, change and remove volumes of each kind, in turns.
func TestKernelBesideLVM2(t *testing.T) {
	h := newBesideLVM2(t, 3)
	for i, step := range []string{
		"rok vg create VG /dev/disk0 /dev/disk1 --tag both",
		"rok lv create VG/lin --size 20M",
		"lvm vgextend VG /dev/disk2",
		"rok lv create VG/str -i 2 -I 64k -L 16M --tag fast",
		"lvm lvcreate -y -n theirs -L 12M VG",
		"rok lv extend VG/theirs --size +8M /dev/disk1",
		"lvm lvextend -L +8M VG/lin",
		"rok lv create VG --count 3 -l 2 --permission r",
		"rok lv reduce VG/lin -L 12M --yes",
		"rok lv rename VG/theirs ours",
		"lvm lvrename VG lin line",
		"rok lv tag --add a --add b VG/line",
		"lvm lvchange --deltag b VG/line",
		"rok lv change -pr VG/str",
		"lvm lvchange -prw VG/str",
		"rok lv change --read-ahead 256 --alloc contiguous VG/ours",
		"rok lv deactivate VG/ours",
		"lvm lvchange -ay VG/ours",
		"rok lv rm VG/lvol0 VG/lvol1 --yes",
		"lvm lvremove -y VG/lvol2",
		// Snapshots with a store.
		"rok lv create VG/snap --snapshot-of line --size 8M",
		"lvm lvcreate -s -n snap2 -L 8M VG/line",
		"rok lv extend VG/snap2 --size 12M",
		"rok lv deactivate VG/line",
		"rok lv extend VG/line --size +4M",
		"rok lv activate VG/line",
		"rok lv rm VG/snap --yes",
		"lvm lvremove -y VG/snap2",
		// Thin pools.
		"rok lv create VG/pool --thin-pool --size 32M",
		"rok lv create VG/t --pool pool --size 100M --count 2",
		"lvm lvcreate -n t2 -V 50M --thinpool pool VG",
		"rok lv create VG/t3 -V 70M --pool pool --inactive",
		"rok lv create VG/ts --snapshot-of t0",
		"rok lv activate -K VG/ts",
		"lvm lvcreate -s -n ts2 VG/t1",
		"lvm lvcreate -y -n pool2 -L 16M -T VG",
		"rok lv create VG/u --pool pool2 --size 10M",
		"rok lv extend VG/pool --size +16M",
		"rok lv extend VG/t0 --size 200M",
		"lvm lvresize -L 120M VG/t1",
		"rok lv change --discards nopassdown --error-when-full y VG/pool2",
		"rok lv rename VG/pool tank",
		"rok lv rm VG/t1 VG/ts2 --yes",
		"lvm lvremove -y VG/t0",
		"rok lv change -pr VG/ours",
		"rok lv create VG/ext --snapshot-of ours --pool tank",
		"rok lv rm VG/pool2 --with-dependents --yes",
		// All of it goes, and comes back.
		"rok vg deactivate VG",
		"lvm vgchange -ay VG",
		"rok vg activate VG",
		"lvm vgchange -an VG",
		"rok vg activate VG -K",
		"rok vg change --autoactivate n --max-lv 100 VG",
		"lvm vgchange --addtag theirs VG",
		"rok pv tag --add p /dev/disk0",
		"rok pv change -x n /dev/disk0",
		"lvm pvchange -x y /dev/disk0",
	} {
		who, line, _ := strings.Cut(step, " ")
		if who == "rok" {
			h.rok(line)
		} else {
			h.lvm2(line)
		}
		if i%3 == 2 { // what was wrong before shows then, too
			h.same(step)
		}
	}
	tables := h.tables()
	h.rok("vg deactivate VG")
	h.lvm2("vgchange -ay -K VG")
	require.Equal(t, tables, h.tables(), "what rok had activated, and what lvm2 did")
	h.rok("vg rename VG VG-b")
	h.vg += "-b"
	h.same("rename")
	h.all("rename")
	h.lvm2("vgchange -an VG")
	h.rok("vg rm --force VG")
	require.Empty(t, h.tables())
	require.Empty(t, strings.TrimSpace(h.lvm2("vgs --noheadings -o vg_name")))
}

// tables are the VG's devices as the kernel has them, without the numbers that it
// gave them.
func (h *besideLVM2) tables() string {
	out, err := exec.Command("dmsetup", "table").Output()
	require.NoError(h.t, err)
	numbers, err := exec.Command("dmsetup", "info", "-c", "--noheadings", "--separator", "=", "-o", "name,devno").Output()
	require.NoError(h.t, err)
	text := string(out)
	for _, line := range strings.Fields(string(numbers)) {
		name, number, _ := strings.Cut(line, "=")
		text = strings.ReplaceAll(text, " "+number+" ", " "+name+" ")
		text = strings.ReplaceAll(text, " "+number+"\n", " "+name+"\n")
	}
	var lines []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, strings.ReplaceAll(h.vg, "-", "--")) {
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// What is written to a volume stays while it changes, and lvm2's files are kept.
func TestKernelLiveChanges(t *testing.T) {
	h := newBesideLVM2(t, 2)
	h.rok("vg create VG /dev/disk0 /dev/disk1")
	h.rok("lv create VG/a --size 16M")
	path := "/dev/" + h.vg + "/a"
	data := bytes.Repeat([]byte("rok and lvm2 "), 1<<20)[:8<<20]
	require.NoError(t, os.WriteFile(path, data, 0))
	f, err := os.Open(path) // it is in use meanwhile
	require.NoError(t, err)
	defer f.Close()
	h.rok("lv extend VG/a --size +200M /dev/disk1")
	h.rok("lv rename VG/a b")
	h.rok("lv create VG/s --snapshot-of b --size 20M")
	got := make([]byte, len(data))
	_, err = f.ReadAt(got, 0)
	require.NoError(t, err)
	require.True(t, bytes.Equal(data, got))

	_, stderr, code := h.run("lv", "deactivate", "VG/b")
	require.Equal(t, 3, code)
	require.Contains(t, stderr, fmt.Sprintf("(%d)", os.Getpid()), "who has it open")
	require.NoError(t, f.Close())

	// A new volume begins with zeros, and what was there is named.
	h.rok("lv rm VG/s VG/b --yes")
	require.NoFileExists(t, "/dev/"+h.vg+"/b")
	h.rok("lv create VG/swap --size 8M")
	require.NoError(t, exec.Command("mkswap", "/dev/"+h.vg+"/swap").Run())
	h.rok("lv rm VG/swap --yes")
	_, stderr, code = h.run("lv", "create", "VG/again", "--size", "8M")
	require.Equal(t, 3, code)
	require.Contains(t, stderr, "swap")
	require.NotContains(t, h.rok("lv ls VG"), "again")
	_, stderr, code = h.run("lv", "create", "VG/again", "--size", "8M", "--yes")
	require.Zero(t, code, stderr)
	require.Contains(t, stderr, "wiped swap")
	head := make([]byte, 4096)
	again, err := os.Open("/dev/" + h.vg + "/again")
	require.NoError(t, err)
	_, err = again.ReadAt(head, 0)
	require.NoError(t, err)
	require.NoError(t, again.Close())
	require.Equal(t, make([]byte, 4096), head)

	backup, err := os.ReadFile(filepath.Join(h.dir, "backup", h.vg))
	require.NoError(t, err)
	require.Contains(t, string(backup), "again {")
	archive, err := os.ReadDir(filepath.Join(h.dir, "archive"))
	require.NoError(t, err)
	require.Greater(t, len(archive), 5)
	h.rok("vg deactivate VG")
	h.lvm2("vgcfgrestore -f " + filepath.Join(h.dir, "backup", h.vg) + " VG")
	h.same("restore")
	h.all("restore")
	h.rok("vg rm --force VG")
}
