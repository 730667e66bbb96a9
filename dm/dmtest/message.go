package dmtest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/units"
)

// message is target_message: messages that begin with "@" are the core's, the
// others go to the target that holds the sector.
func (m *machine) message(p *param) error {
	start := int(p.u32(offDataStart))
	var sector uint64
	if start >= minSize && start+msgText <= len(p.b) {
		sector = p.u64(start)
	}
	text, ok := p.ended(start + msgText)
	out := p.result()
	d := m.find(p)
	if d == nil {
		return syscall.ENXIO
	}
	args := splitArgs(text)
	if start < minSize || !ok || len(args) == 0 {
		return syscall.EINVAL
	}
	reply, has, err := m.deliver(d, units.Sectors(sector), args)
	if err != nil {
		return err
	}
	d.describe(p)
	if !has {
		return nil
	}
	p.set(ioctl.FlagDataOut, true)
	n := copy(out, reply)
	if n+1 >= len(out) {
		p.full()
		return nil
	}
	out[n] = 0
	p.filled(n + 1)
	return nil
}

func (m *machine) deliver(d *device, sector units.Sectors, args []string) (string, bool, error) {
	if strings.HasPrefix(args[0], "@") {
		return d.core(args)
	}
	if d.live == nil {
		return "", false, syscall.EINVAL
	}
	for _, s := range d.live.segments {
		if sector < s.start || sector >= s.start+s.length {
			continue
		}
		if t, ok := s.instance.(messenger); ok {
			return t.Message(args)
		}
	}
	return "", false, syscall.EINVAL
}

// core is message_for_md. Of the statistics it keeps whole-device regions and
// counts nothing.
func (d *device) core(args []string) (string, bool, error) {
	bad := func() (string, bool, error) { return "", false, syscall.EINVAL }
	switch strings.ToLower(args[0]) {
	case "@cancel_deferred_remove":
		if len(args) != 1 {
			return bad()
		}
		d.deferred = false
		return "", false, nil
	case "@stats_create":
		if len(args) < 3 || args[1] != "-" || !strings.HasPrefix(args[2], "/") {
			return bad()
		}
		areas, err := strconv.ParseUint(args[2][1:], 10, 32)
		if err != nil || areas == 0 {
			return bad()
		}
		size := max(1, uint64(d.live.size()))
		id := slices.Index(d.stats, "")
		if id < 0 {
			id = len(d.stats)
			d.stats = append(d.stats, "")
		}
		d.stats[id] = fmt.Sprintf("%d: 0+%d %d - -\n", id, size, (size+areas-1)/areas)
		return strconv.Itoa(id), true, nil
	case "@stats_delete":
		if len(args) != 2 {
			return bad()
		}
		id, err := strconv.Atoi(args[1])
		if err != nil || id < 0 {
			return bad()
		}
		if id >= len(d.stats) || d.stats[id] == "" {
			return "", false, syscall.ENOENT
		}
		d.stats[id] = ""
		return "", false, nil
	case "@stats_list":
		if len(args) > 2 {
			return bad()
		}
		return strings.Join(d.stats, ""), true, nil
	}
	return bad()
}

// setGeometry is dev_set_geometry, which copies nothing out.
func (m *machine) setGeometry(p *param) error {
	if m.find(p) == nil {
		return syscall.ENXIO
	}
	start := int(p.u32(offDataStart))
	text, ok := p.ended(start)
	words := strings.Fields(text)
	if start < minSize || !ok || len(words) != 4 {
		return syscall.EINVAL
	}
	var g [4]uint64
	for i, limit := range [4]int{16, 8, 8, 64} {
		var err error
		if g[i], err = strconv.ParseUint(words[i], 10, limit); err != nil {
			return syscall.EINVAL
		}
	}
	if g[3] > g[0]*g[1]*g[2] {
		return syscall.EINVAL
	}
	p.setU32(offDataSize, 0)
	return nil
}
