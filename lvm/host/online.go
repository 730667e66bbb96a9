package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Below Config.Run, udev's rules and pvscan(8) note what is there, to activate a
// VG once, when the last of its PVs comes:
//
//	pvs_online/PVID	"MAJOR:MINOR\nvg:NAME\ndev:PATH\n"
//	pvs_lookup/VG	the PVIDs of a VG, one a line
//	vgs_online/VG	empty: the VG has been activated
//
// Whoever makes a PV or VG writes none of them: the uevent of the device makes
// pvscan do it. What is gone must be forgotten, or a VG that is made with the
// same name is never activated. lvm2 2.03.16 leaves them at vgremove; 2.03.31
// removes them.

// ForgetVG is for a VG that is gone, or has another name by now, and the PVs
// that it had (32 characters each). What is not there is no error.
func (h *Host) ForgetVG(vg string, pvids ...string) error {
	if !plainName(vg) {
		return fmt.Errorf("forget %q: %w", vg, ErrVGName)
	}
	return errors.Join(forget(h.run("vgs_online", vg)), forget(h.run("pvs_lookup", vg)), h.ForgetPVs(pvids...))
}

// ForgetPVs is for PVs that are gone, or are in another VG by now.
func (h *Host) ForgetPVs(pvids ...string) error {
	var errs []error
	for _, id := range pvids {
		if plainName(id) {
			errs = append(errs, forget(h.run("pvs_online", id)))
		}
	}
	return errors.Join(errs...)
}

// VGInactive is for a VG whose LVs have all been deactivated: the next time that
// its PVs come, it is activated again.
func (h *Host) VGInactive(vg string) error {
	if !plainName(vg) {
		return fmt.Errorf("inactive %q: %w", vg, ErrVGName)
	}
	return forget(h.run("vgs_online", vg))
}

func forget(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
