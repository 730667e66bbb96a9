package interop_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
)

// kernelView is what dmsetup says of all devices.
type kernelView struct{ info, tables string }

func lookAtKernel() (v kernelView, err error) {
	if v.info, err = dmsetup("info", "-c", "--noheadings", "--separator", " ", "-o", "name,major,minor,attr,uuid"); err != nil {
		return v, err
	}
	v.tables, err = dmsetup("table")
	return v, err
}

// devices are what the kernel has of a stand's VGs: for each device its name, UUID,
// state and table, with names for numbers, and whether it may be written to; of a
// volume itself also its read-ahead and its link. Of its layers lvm2 gives these
// other ones after a vgrename than before. Identities are neutral.
func (s *stand) devices(st *state, v kernelView) (string, error) {
	mine := strings.ReplaceAll(s.vg, "-", "--")
	numbers := s.numbers()
	var lines []string
	whole := map[string]bool{}
	for line := range strings.Lines(v.info) {
		f := strings.Fields(line)
		if len(f) != 5 || !strings.HasPrefix(f[0], mine) {
			continue
		}
		numbers[f[1]+":"+f[2]] = f[0]
		sys := "/sys/block/dm-" + f[2]
		ro, err := os.ReadFile(sys + "/ro")
		if err != nil {
			return "", err
		}
		state := fmt.Sprintf("%s %s %s ro=%s", f[0], f[4], f[3], strings.TrimSpace(string(ro)))
		if _, _, layer, ok := lvm.ParseDeviceUUID(f[4]); ok && layer == "" {
			whole[f[0]] = true
			ahead, err := os.ReadFile(sys + "/queue/read_ahead_kb")
			if err != nil {
				return "", err
			}
			state += " read-ahead=" + strings.TrimSpace(string(ahead))
		}
		lines = append(lines, state)
	}
	for line := range strings.Lines(v.tables) {
		if !strings.HasPrefix(line, mine) {
			continue
		}
		words := strings.Fields(line)
		for i, w := range words {
			if name := numbers[w]; name != "" {
				words[i] = name
			}
		}
		lines = append(lines, strings.Join(words, " "))
	}
	links, err := filepath.Glob("/dev/" + s.vg + "*/*")
	if err != nil {
		return "", err
	}
	for _, link := range links {
		target, err := os.Readlink(link)
		if err != nil {
			return "", err
		}
		if whole[filepath.Base(target)] {
			lines = append(lines, link+" -> "+target)
		}
	}
	slices.Sort(lines)
	return s.anonymous(st, strings.Join(lines, "\n")), nil
}

// numbers are the disks, by device number.
func (s *stand) numbers() map[string]string {
	names := map[string]string{}
	for i, d := range s.disks {
		number, err := os.ReadFile("/sys/block/" + filepath.Base(d.Path()) + "/dev")
		require.NoError(s.t, err)
		names[strings.TrimSpace(string(number))] = disk(i)
	}
	return names
}

// anonymous puts names for the IDs in UUIDs, and for the stand's own names.
func (s *stand) anonymous(st *state, text string) string {
	var pairs []string
	for _, g := range st.scan.VGs {
		for _, lv := range g.VG.LVs {
			pairs = append(pairs, g.VG.ID.Compact()+lv.ID.Compact(), "<"+lv.Name+">")
		}
	}
	return s.abridge(strings.NewReplacer(pairs...).Replace(text), false)
}

func dmsetup(args ...string) (string, error) {
	cmd := exec.Command("dmsetup", args...)
	cmd.Env = append(os.Environ(), "DM_DISABLE_UDEV=1", "LC_ALL=C")
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("dmsetup %q: %w", args, err)
	}
	return string(out), nil
}
