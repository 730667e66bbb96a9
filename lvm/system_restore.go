package lvm

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/rok-storage/rok/lvm/host"
	"github.com/rok-storage/rok/units"
)

// Backup is a VG's text in the form of lvm2's backup files. A VG that the
// commit of somebody else may be under way with is read under its lock.
func (s *System) Backup(ctx context.Context, vg string) (text []byte, _ *VG, err error) {
	t, err := s.begin(ctx, host.LockRequest{VGs: []string{vg}, Mode: host.Shared}, ScanOptions{VG: vg})
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	g, err := t.find(vg)
	if err != nil {
		return nil, nil, err
	}
	now := *g.VG
	now.Origin = s.origin(describesBackup)
	return now.AppendBackup(nil, time.Local), g.VG, nil
}

// KeepBackup writes what [System.Backup] returned to where lvm2 keeps it, and
// returns the path. Image files have no such place, and where backup/backup is 0
// in lvm.conf there is none either: that is [errors.ErrUnsupported].
func (s *System) KeepBackup(vg *VG, text []byte) (string, error) {
	if s.host == nil || !s.host.Settings.Backup {
		return "", fmt.Errorf("backup of VG %s: no place is set: %w", vg.Name, errors.ErrUnsupported)
	}
	return filepath.Join(s.host.Settings.BackupDir, vg.Name), s.host.WriteBackup(vg.Name, text)
}

// Copy is an older text of a VG, or the one that counts.
type Copy struct {
	// Where it is: a backup file, or the device whose metadata area has it.
	Where string
	// Offset is where on the device the text begins. Files: 0.
	Offset    units.Bytes
	Committed bool // it counts
	Name      string
	ID        ID
	Seqno     uint32
	Origin    Origin
	// VG is what the text says; nil where Err says what is wrong with it.
	VG  *VG
	Err error
}

// Copies finds the texts of a VG, by name or ID, that are still in the metadata
// areas of all PVs, and then those in backup and archive files. The newest come
// first, of each kind. What cannot be read is among the errors, joined.
func (s *System) Copies(ctx context.Context, vg string) (copies []Copy, err error) {
	t, err := s.begin(ctx, host.LockRequest{Global: host.Shared}, ScanOptions{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	search := vg
	if g, err := t.scan.VG(vg); err == nil {
		search = g.VG.ID.String() // it may have had another name
	}
	old, errs := t.scan.OldTexts(search)
	for _, o := range old {
		c := Copy{
			Where: o.PV.Device.Path, Offset: o.Area.Start + o.Offset, Committed: o.Committed,
			Name: o.Name, Seqno: o.Seqno,
		}
		c.ID, _ = ParseID(o.ID) // one that is none is the text's fault
		if c.VG, c.Err = o.Read(); c.VG != nil {
			c.Origin = c.VG.Origin
		}
		copies = append(copies, c)
	}
	files, fileErr := s.copyFiles(vg)
	return append(copies, files...), errors.Join(append(errs, fileErr)...)
}

// copyFiles are the texts in the host's files.
func (s *System) copyFiles(vg string) ([]Copy, error) {
	if s.host == nil || CheckVGName(vg) != nil {
		return nil, nil
	}
	archived, err := s.host.ListArchive(vg)
	if err != nil {
		return nil, err
	}
	var copies []Copy
	for i := len(archived) - 1; i >= 0; i-- {
		copies = append(copies, copyOf(archived[i].Path))
	}
	return copies, nil
}

func copyOf(path string) Copy {
	c := Copy{Where: path}
	if c.VG, c.Err = ReadBackupFile(path); c.VG != nil {
		c.Name, c.ID, c.Seqno, c.Origin = c.VG.Name, c.VG.ID, c.VG.Seqno, c.VG.Origin
	}
	return c
}

// ReadBackupFile reads a VG from a backup file.
func ReadBackupFile(path string) (*VG, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	vg, err := ParseBackup(string(src))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return vg, nil
}

// LatestBackup reads the newest backup file of a VG. It fails with
// [fs.ErrNotExist], always where VGs are in image files.
func (s *System) LatestBackup(vg string) (*VG, error) {
	if s.host == nil {
		return nil, fmt.Errorf("backup of %s: %w", vg, fs.ErrNotExist)
	}
	src, err := s.host.ReadBackup(vg)
	if err != nil {
		return nil, err
	}
	old, err := ParseBackup(string(src))
	if err != nil {
		return nil, fmt.Errorf("backup of %s: %w", vg, err)
	}
	return old, nil
}

// Restore makes a VG what it was: old is from [System.Copies] or from a backup
// file. All its PVs must be there, with their labels: see [System.RestorePV]. The
// VG that has old's ID now is replaced, whatever its name is; it may be gone, or
// contradict itself.
//
// Only metadata is restored: what has been written meanwhile to extents that the
// VG had given to others stays as it is. LVs may not be active meanwhile.
func (s *System) Restore(ctx context.Context, old *VG) (c *Change, err error) {
	names := []string{old.Name}
	if s.host != nil {
		scan, err := s.look(ctx, ScanOptions{}, host.LockRequest{})
		if err != nil {
			return nil, err
		}
		if g, err := scan.VG(old.ID.String()); err == nil && g.VG.Name != old.Name {
			names = append(names, g.VG.Name)
		}
	}
	t, err := s.begin(ctx, everything(names...), ScanOptions{Verify: true})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	g, err := t.scan.VG(old.ID.String()) // it may be gone
	c = &Change{Names: []string{old.Name}}
	if err == nil {
		c.Before = g.VG
		if err := t.mustBeInactive(g.VG); err != nil {
			return nil, err
		}
	}
	next := old.Clone()
	next.Unknown = old.Unknown
	done, err := t.commitRequest(c, CommitRequest{VG: g, New: next, Restore: true})
	if err != nil {
		return nil, err
	}
	c.After = done.VG
	t.backup(c, done.VG)
	if c.Before != nil {
		s.forgetPVs(c)
	}
	return c, nil
}

// RestorePVRequest is the label of a PV that is to be made again.
type RestorePVRequest struct {
	Device string
	// ID is the PV's; zero where only one PV of the VG is missing.
	ID ID
	// VG is what says where the PV's areas were; nil: a VG of which other PVs are
	// still there.
	VG    *VG
	Force bool // as of [RestorePV]
}

// RestorePV writes the label of a PV that has lost it. The VG then has the PV
// again; where its metadata went too, see [System.Restore].
func (s *System) RestorePV(ctx context.Context, r RestorePVRequest) (pv *DiskPV, err error) {
	t, err := s.begin(ctx, everything(), ScanOptions{}, r.Device)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	d, err := t.device(r.Device)
	if err != nil {
		return nil, err
	}
	if r.VG == nil || r.ID.IsZero() {
		if err := t.chooseLost(&r); err != nil {
			return nil, err
		}
	}
	if err := d.Upgrade(Exclusive); err != nil {
		return nil, err
	}
	if pv, err = t.scan.RestorePV(d, RestorePV{VG: r.VG, PV: r.ID, Force: r.Force}); err != nil {
		return nil, err
	}
	_, _, err = t.list(ctx, d, pv.ID())
	return pv, err
}

// chooseLost finds the PV that is meant, if there is only one that it can be.
func (t *session) chooseLost(r *RestorePVRequest) error {
	type lost struct {
		vg *VG
		id ID
	}
	var found []lost
	look := func(vg *VG) {
		for _, pv := range vg.PVs {
			if _, err := t.scan.PV(pv.ID.String()); err != nil && (r.ID.IsZero() || pv.ID == r.ID) {
				found = append(found, lost{vg, pv.ID})
			}
		}
	}
	if r.VG != nil {
		look(r.VG)
	} else {
		for _, g := range t.scan.VGs {
			look(g.VG)
		}
	}
	fail := func(err error, reason string) error {
		return &OpError{Op: "restore PV", Object: r.Device, Reason: reason, Err: err}
	}
	switch {
	case len(found) == 0 && !r.ID.IsZero():
		return fail(ErrNotFound, "no VG misses PV "+r.ID.String())
	case len(found) == 0:
		return fail(ErrNotFound, "no VG misses a PV")
	case len(found) > 1:
		return fail(ErrInvalid, fmt.Sprintf("%d PVs are missing, %s of VG %s and others: say which one it is", len(found), found[0].id, found[0].vg.Name))
	}
	r.VG, r.ID = found[0].vg, found[0].id
	return nil
}
