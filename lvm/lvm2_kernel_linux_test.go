package lvm_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// lvm2Host is a volume group on loop devices of a real kernel, for lvm2 and rok
// in turns. Without udev both make their own nodes and links.
type lvm2Host struct {
	t     *testing.T
	name  string // the VG's, with the prefix of all that tests make
	disks []string
	pvs   map[lvm.ID]dm.Dev
	env   []string
	dir   string
	conn  *dm.Conn
	a     *lvm.Activator
}

// lvm2Features are what the kernel and the machine must have.
var lvm2Features = []string{"linear", "striped", "thin-pool", "snapshot", "snapshot-origin", "zero", "program lvm", "program dmsetup"}

func newLVM2Host(t *testing.T, size units.Bytes, disks int) *lvm2Host {
	t.Helper()
	testenv.Kernel(t, lvm2Features...)
	h := &lvm2Host{t: t, name: testenv.Name(t), dir: t.TempDir(), pvs: map[lvm.ID]dm.Dev{}}
	var filter []string
	for range disks {
		disk := testenv.LoopDisk(t, size)
		h.disks = append(h.disks, disk)
		filter = append(filter, fmt.Sprintf("%q", "a|^"+disk+"$|"))
	}
	h.conf(strings.Join(filter, ","), "")
	conn, err := dm.Open(nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	h.conn = conn
	h.a = lvm.NewActivator(conn, nil)
	h.lvm(append([]string{"pvcreate"}, h.disks...)...)
	h.lvm(append([]string{"vgcreate", h.name}, h.disks...)...)
	for _, line := range strings.Fields(h.lvm("pvs", "--noheadings", "--separator", "=", "-o", "pv_uuid,pv_name")) {
		uuid, path, _ := strings.Cut(line, "=")
		id, err := lvm.ParseID(uuid)
		require.NoError(t, err)
		h.pvs[id] = devOf(t, path)
	}
	t.Cleanup(func() {
		h.lvm("vgchange", "-an", h.name)
		h.lvm("vgremove", "-ff", "-y", h.name)
		require.NoDirExists(t, "/dev/"+h.name)
	})
	return h
}

// conf writes lvm2's configuration.
func (h *lvm2Host) conf(filter, activation string) {
	h.env = append(os.Environ(), "LVM_SYSTEM_DIR="+h.dir, "LVM_SUPPRESS_FD_WARNINGS=1", "DM_DISABLE_UDEV=1", "TZ=UTC")
	text := `devices { filter=[` + filter + `,"r|.*|"] use_devicesfile=0 obtain_device_list_from_udev=0 }
activation { udev_sync=0 udev_rules=0 monitoring=0 ` + activation + ` }
backup { backup=0 archive=0 }
global { locking_dir="` + h.dir + `/lock" thin_check_executable="" }
`
	require.NoError(h.t, os.WriteFile(filepath.Join(h.dir, "lvm.conf"), []byte(text), 0o600))
}

func (h *lvm2Host) run(name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Env = h.env
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if err != nil {
		err = fmt.Errorf("%s %s: %w: %s%s", name, strings.Join(args, " "), err, out.String(), errs.String())
	}
	return out.String(), err
}

// lvm runs a command of lvm2, which must succeed.
func (h *lvm2Host) lvm(args ...string) string {
	h.t.Helper()
	out, err := h.run("lvm", args...)
	require.NoError(h.t, err)
	return out
}

// lvcreate runs it with vg for the VG's name.
func (h *lvm2Host) lvcreate(line string) {
	h.t.Helper()
	h.lvm(append([]string{"lvcreate", "-y"}, strings.Fields(strings.ReplaceAll(line, "vg", h.name))...)...)
}

// vg is the VG as lvm2 has it.
func (h *lvm2Host) vg() *lvm.VG {
	h.t.Helper()
	path := filepath.Join(h.dir, "backup")
	h.lvm("vgcfgbackup", "-f", path, h.name)
	text, err := os.ReadFile(path)
	require.NoError(h.t, err)
	vg, err := lvm.ParseBackup(string(text))
	require.NoError(h.t, err)
	return vg
}

// commit makes lvm2 write a VG, as a commit of rok would, whatever is active.
func (h *lvm2Host) commit(vg *lvm.VG) {
	h.t.Helper()
	path := filepath.Join(h.dir, "restore")
	require.NoError(h.t, os.WriteFile(path, vg.AppendBackup(nil, nil), 0o600))
	h.lvm("vgcfgrestore", "--force", "-y", "-f", path, h.name)
}

func (h *lvm2Host) options() lvm.StackOptions { return lvm.StackOptions{PVs: h.pvs} }

func (h *lvm2Host) activate(vg *lvm.VG, lvs ...string) *lvm.Activation {
	h.t.Helper()
	result, err := h.a.Activate(h.t.Context(), lvm.ActivateRequest{VG: vg, LVs: lvs, StackOptions: h.options(), IgnoreSkip: true})
	require.NoError(h.t, err)
	return result
}

func (h *lvm2Host) deactivate(vg *lvm.VG, lvs ...string) {
	h.t.Helper()
	require.NoError(h.t, h.a.Deactivate(h.t.Context(), lvm.DeactivateRequest{VG: vg, LVs: lvs}))
}

// seen is what dmsetup says of the VG's devices, with names for numbers: table,
// UUID, who may write, read-ahead, and the links.
func (h *lvm2Host) seen() []string {
	h.t.Helper()
	names, err := h.run("dmsetup", "info", "-c", "--noheadings", "--separator", " ", "-o", "major,minor,name,uuid")
	require.NoError(h.t, err)
	tables, err := h.run("dmsetup", "table")
	require.NoError(h.t, err)
	replace := []string{}
	var lines []string
	for line := range strings.Lines(names) {
		f := strings.Fields(line)
		if len(f) != 4 || !strings.HasPrefix(f[2], lvm.DeviceName(h.name, "", "")) {
			continue
		}
		replace = append(replace, " "+f[0]+":"+f[1]+" ", " "+f[2]+" ")
		sys := "/sys/block/dm-" + f[1]
		ro, err := os.ReadFile(sys + "/ro")
		require.NoError(h.t, err)
		ahead, err := os.ReadFile(sys + "/queue/read_ahead_kb")
		require.NoError(h.t, err)
		lines = append(lines, fmt.Sprintf("%s %s ro=%s read-ahead=%s", f[2], f[3], strings.TrimSpace(string(ro)), strings.TrimSpace(string(ahead))))
	}
	// Numbers may follow each other, with one blank in between.
	tables = strings.NewReplacer("\n", " \n", " ", "  ").Replace(tables)
	for line := range strings.Lines(strings.NewReplacer(replace...).Replace(tables)) {
		if strings.HasPrefix(line, lvm.DeviceName(h.name, "", "")) {
			lines = append(lines, strings.Join(strings.Fields(line), " "))
		}
	}
	links, err := filepath.Glob("/dev/" + h.name + "/*")
	require.NoError(h.t, err)
	for _, link := range links {
		target, err := os.Readlink(link)
		require.NoError(h.t, err)
		lines = append(lines, link+" -> "+target)
	}
	slices.Sort(lines)
	return lines
}

// devOf is the number of a block device.
func devOf(t *testing.T, path string) dm.Dev {
	t.Helper()
	n, err := ioctl.NodeDev(path)
	require.NoError(t, err)
	return dm.DevFromUint64(n)
}

// write fills the start of an LV with a word, past the page cache.
func (h *lvm2Host) write(lv, word string) { h.writeAt(lv, word, 0) }

func (h *lvm2Host) writeAt(lv, word string, at int64) {
	h.t.Helper()
	f, err := os.OpenFile("/dev/"+h.name+"/"+lv, os.O_WRONLY|os.O_SYNC, 0)
	require.NoError(h.t, err)
	_, err = f.WriteAt(block(word), at)
	require.NoError(h.t, err)
	require.NoError(h.t, f.Close())
}

// read is the word at the start of an LV.
func (h *lvm2Host) read(lv string) string { return h.readAt(lv, 0) }

func (h *lvm2Host) readAt(lv string, at int64) string {
	h.t.Helper()
	f, err := os.Open("/dev/" + h.name + "/" + lv)
	require.NoError(h.t, err)
	defer f.Close()
	require.NoError(h.t, ioctl.FlushBuffers(f))
	b := make([]byte, 64<<10)
	_, err = f.ReadAt(b, at)
	require.NoError(h.t, err)
	word, _, _ := bytes.Cut(b, []byte{0})
	if len(word) > 0 {
		require.True(h.t, bytes.Equal(b, block(string(word))), "%s is torn", lv)
	}
	return string(word)
}

// block is 64 KiB that begin each sector with the word.
func block(word string) []byte {
	b := make([]byte, 64<<10)
	for i := 0; i < len(b); i += units.SectorSize {
		copy(b[i:], word)
	}
	return b
}
