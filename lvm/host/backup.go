package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// WriteBackup keeps a VG's text, in the form of a backup, where vgcfgrestore
// looks for it: as the newest one. Where backup/backup is 0 it does nothing. A
// failure is no reason to undo what was written to the disks.
func (h *Host) WriteBackup(vg string, text []byte) error {
	if !h.Settings.Backup {
		return nil
	}
	path, err := h.backupPath(vg)
	if err != nil {
		return err
	}
	if err := h.writeWhole(path, text); err != nil {
		return fmt.Errorf("backup of %s: %w", vg, err)
	}
	return nil
}

// RemoveBackup removes the backup of a VG that is gone, or has another name by
// now. None is no error.
func (h *Host) RemoveBackup(vg string) error {
	path, err := h.backupPath(vg)
	if err != nil || !h.Settings.Backup {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove backup of %s: %w", vg, err)
	}
	return nil
}

// ReadBackup returns the newest backup of a VG. It fails with
// [fs.ErrNotExist].
func (h *Host) ReadBackup(vg string) ([]byte, error) {
	path, err := h.backupPath(vg)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

func (h *Host) backupPath(vg string) (string, error) {
	if !plainName(vg) {
		return "", fmt.Errorf("backup of %q: %w", vg, ErrVGName)
	}
	return filepath.Join(h.Settings.BackupDir, vg), nil
}
