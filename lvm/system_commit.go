package lvm

import (
	"errors"
	"fmt"
	"syscall"
	"time"
)

// stamp is who makes LVs.
func (s *System) stamp() Stamp {
	name, _ := s.node()
	return Stamp{Time: s.cfg.Now().Unix(), Host: name, NewID: s.cfg.NewID}
}

// origin is what a text says of its own making, where how is a phrase with %s for
// the command.
func (s *System) origin(how string) Origin {
	name, words := s.node()
	now := s.cfg.Now()
	program := defaultCommand
	if s.cfg.Host != nil && s.cfg.Host.Program != "" {
		program = s.cfg.Host.Program
	}
	return Origin{
		Description: fmt.Sprintf(how, s.cfg.Command), Host: name, System: words,
		Time: now.Unix(), Date: now.Format(time.ANSIC), Program: program,
	}
}

// What lvm2 says of its texts: lib/format_text/archiver.c and format-text.c.
const (
	describesWrite   = "Write from %s."
	describesBackup  = "Created *after* executing '%s'"
	describesArchive = "Created *before* executing '%s'"
)

// commit writes next for g, or for no VG, and keeps a copy of what was. suspend
// may be nil.
func (t *session) commit(c *Change, g *DiskVG, next *VG, suspend func(*VG) (func(bool) error, error)) (*DiskVG, error) {
	r := CommitRequest{VG: g, New: next, Suspend: suspend, Headers: t.headers}
	t.headers = nil
	return t.commitRequest(c, r)
}

func (t *session) commitRequest(c *Change, r CommitRequest) (*DiskVG, error) {
	if err := t.openMembers(r.VG, r.New); err != nil {
		return nil, err
	}
	if r.VG != nil {
		r.SystemID = r.VG.VG.SystemID // which was compared with the host's
		if err := t.archive(r.VG.VG); err != nil {
			return nil, err
		}
	}
	if r.New != nil {
		r.New.Origin = t.s.origin(describesWrite)
	}
	r.locked = t.s.host != nil
	g, err := t.scan.Commit(r)
	if err != nil && errors.Is(err, ErrPartial) {
		c.warn(err)
		err = nil
	}
	return g, err
}

// openMembers opens for writing what a commit writes to.
func (t *session) openMembers(g *DiskVG, next *VG) error {
	if g != nil {
		for _, pv := range append(g.PVs[:len(g.PVs):len(g.PVs)], g.Outdated...) {
			if pv == nil {
				continue
			}
			if err := pv.Device.Upgrade(ReadWrite); err != nil {
				return err
			}
		}
	}
	if next == nil {
		return nil
	}
	for _, pv := range t.scan.PVs {
		if next.PV(pv.ID()) == nil {
			continue
		}
		if err := pv.Device.Upgrade(ReadWrite); err != nil {
			return err
		}
	}
	return nil
}

// archive keeps what a VG was. Where nothing can be written at all, as in an
// initramfs that is read-only, there is none.
func (t *session) archive(vg *VG) error {
	if t.s.host == nil || vg.Seqno == 0 || !t.s.host.Settings.Archive {
		return nil
	}
	old := *vg
	old.Origin = t.s.origin(describesArchive)
	err := t.s.host.WriteArchive(vg.Name, vg.Seqno, old.AppendBackup(nil, time.Local))
	if errors.Is(err, syscall.EROFS) {
		return nil
	}
	return err
}

// backup keeps what a VG is.
func (t *session) backup(c *Change, vg *VG) {
	if t.s.host == nil || !t.s.host.Settings.Backup {
		return
	}
	now := *vg
	now.Origin = t.s.origin(describesBackup)
	err := t.s.host.WriteBackup(vg.Name, now.AppendBackup(nil, time.Local))
	if !errors.Is(err, syscall.EROFS) {
		c.warn(err)
	}
}
