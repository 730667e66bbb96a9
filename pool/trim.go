package pool

import (
	"errors"
	"io/fs"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// FileSystem is a file system that is mounted, and how much of it is in use.
type FileSystem struct {
	Dev  dm.Dev // that it is on
	Used units.Bytes
}

// Trim is what a trim of a volume's file system could free.
type Trim struct {
	Volume string
	Mapped units.Bytes // what the pool has for it
	Used   units.Bytes // what its file system uses of that
}

// Most is the most that a trim gives the pool back: what the file system uses does
// not count what it needs for itself, a chunk goes only as a whole, and what a
// snapshot shares stays.
func (t *Trim) Most() units.Bytes { return t.Mapped - min(t.Mapped, t.Used) }

// Trims are those of a pool's volumes whose file systems are among those that are
// mounted. There are none where the pool ignores discards. One request, and another
// for volumes of the pool, is sent for each file system.
func (h Host) Trims(vg *lvm.VG, s *State, mounted []FileSystem) (trims []Trim, err error) {
	if !s.Active || s.Status.Kernel.Discard == dm.ThinPoolIgnoreDiscard {
		return nil, nil
	}
	of := map[lvm.ID]string{}
	for _, v := range s.Volumes {
		of[v.ID] = v.Name
	}
	for _, f := range mounted {
		d := h.Conn.Device(dm.ByDev(f.Dev))
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // it is no device of device-mapper's, or went
		}
		if err != nil {
			return nil, fault("find volumes of", s, err)
		}
		group, id, layer, ok := lvm.ParseDeviceUUID(info.UUID)
		name := of[id]
		if !ok || group != vg.ID || layer != lvm.LayerNone || name == "" {
			continue
		}
		lines, err := d.Status(dm.StatusOptions{NoFlush: true})
		if err != nil {
			return nil, fault("ask about "+name+" of", s, err)
		}
		if len(lines) != 1 {
			continue
		}
		if status, ok := lines[0].Status.(dm.ThinStatus); ok && status.State == "" {
			trims = append(trims, Trim{Volume: name, Mapped: bytesOf(status.MappedSectors), Used: f.Used})
		}
	}
	return trims, nil
}
