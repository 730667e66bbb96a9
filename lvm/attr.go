package lvm

import (
	"bytes"
	"strings"
)

// Attr is vg's attributes as vgs prints them, six letters (vg_attr_dup of
// lib/metadata/vg.c): w writable or r read-only, z resizeable, x exported, p
// partial, the allocation policy, c clustered or s shared.
func (vg *VG) Attr() string {
	a := []byte("r---n-")
	if vg.Writable() {
		a[0] = 'w'
	}
	if vg.Status.Has(FlagResizeable) {
		a[1] = 'z'
	}
	if vg.Status.Has(FlagExported) {
		a[2] = 'x'
	}
	if vg.missing() > 0 {
		a[3] = 'p'
	}
	if vg.Allocation != AllocInherit {
		a[4] = vg.Allocation.letter()
	}
	switch {
	case vg.Status.Has(FlagClustered):
		a[5] = 'c'
	case vg.LockType != "" && vg.LockType != "none":
		a[5] = 's'
	}
	return string(a)
}

// Writable reports whether vg's text may be changed, as far as its flags say.
func (vg *VG) Writable() bool { return vg.Status.Has(FlagWrite) || vg.Flags.Has(FlagWriteLocked) }

// missing counts the PVs that were not there when vg was written.
func (vg *VG) missing() (n int) {
	for _, pv := range vg.PVs {
		if pv.Missing() {
			n++
		}
	}
	return n
}

// Attr is pv's attributes as pvs prints them, three letters (pv_attr_dup of
// lib/metadata/pv.c): a allocatable or u used, x exported, m missing.
func (pv *PV) Attr() string {
	a := []byte("u--")
	if pv.Allocatable() {
		a[0] = 'a'
	}
	if pv.Status.Has(FlagExported) {
		a[1] = 'x'
	}
	if pv.Missing() {
		a[2] = 'm'
	}
	return string(a)
}

// letter is the policy's letter in attributes.
func (a Allocation) letter() byte {
	switch a {
	case AllocContiguous:
		return 'c'
	case AllocCling, AllocClingByTag:
		return 'l'
	case AllocNormal:
		return 'n'
	case AllocAnywhere:
		return 'a'
	}
	return 'i'
}

// attr is lv's attributes as lvs prints them, ten letters (lv_attr_dup_with_info_and_seg_status
// of lib/metadata/lv.c).
func (r *reporter) attr(lv *LV, s DeviceState) string {
	a := bytes.Repeat([]byte{'-'}, 10)
	a[0] = r.typeLetter(lv, s)
	switch {
	case lv.Writable() && s.ReadOnly:
		a[1] = 'R'
	case lv.Writable():
		a[1] = 'w'
	case lv.Status.Has(FlagRead):
		a[1] = 'r'
	}
	a[2] = lv.Allocation.letter()
	if lv.Status.Has(FlagLocked) {
		a[2] = strings.ToUpper(string(a[2]))[0]
	}
	if lv.Status.Has(FlagFixedMinor) {
		a[3] = 'm'
	}
	a[4], a[5] = s.activity()
	a[6] = r.targetLetter(lv)
	if pool := r.pool(lv); pool != nil && pool.ZeroNewBlocks {
		a[7] = 'z'
	}
	switch {
	case r.partial(lv):
		a[8] = 'p'
	case s.Health == HealthOutOfData || s.Health == HealthFailed || s.Health == HealthMetadataReadOnly:
		a[8] = byte(s.Health)
	}
	if lv.Flags.Has(FlagActivationSkip) {
		a[9] = 'k'
	}
	return string(a)
}

// typeLetter is the first letter: what lv is.
func (r *reporter) typeLetter(lv *LV, s DeviceState) byte {
	owner, held := r.poolOf[lv.Name], r.held[lv.Name]
	switch {
	case lv.Status.Has(FlagPVMove):
		return 'p'
	case r.isOrigin(lv) && r.merging(lv):
		return 'O'
	case r.isOrigin(lv):
		return 'o'
	case isSpare(lv) || held == heldMeta || owner != nil && only(owner).(*ThinPool).Metadata == lv.Name:
		return 'e'
	case held == heldImage && s.InSync:
		return 'i'
	case held == heldImage:
		return 'I'
	}
	switch t := only(lv).(type) {
	case *Thin:
		if t.Merge != "" {
			return 'S'
		}
		return 'V'
	case *ThinPool:
		return 't'
	case *Held:
		if letter := t.typeLetter(lv); letter != 0 {
			return letter
		}
	}
	switch tie := r.cow[lv.Name]; {
	case virtual(lv):
		return 'v'
	case owner != nil:
		return 'T'
	case tie != nil && only(tie).(*Snapshot).Merging:
		return 'S'
	case tie != nil:
		return 's'
	}
	return '-'
}

// typeLetter is the letter of an LV of a held type, or 0 where that alone does
// not tell.
func (t *Held) typeLetter(lv *LV) byte {
	switch {
	case t.Type == "cache" || t.Type == "cache-pool" || t.Type == "writecache":
		return 'C'
	case t.Type == "mirror" && lv.Status.Has(FlagNotSynced):
		return 'M'
	case t.Type == "mirror":
		return 'm'
	case strings.HasPrefix(t.Type, "raid") && lv.Status.Has(FlagNotSynced):
		return 'R'
	case strings.HasPrefix(t.Type, "raid"):
		return 'r'
	case t.Type == "vdo":
		return 'v'
	case t.Type == "vdo-pool":
		return 'd'
	case t.Type == "integrity":
		return 'g'
	}
	return 0
}

// targetLetter is the seventh letter: which of the kernel's targets tells its
// state.
func (r *reporter) targetLetter(lv *LV) byte {
	switch t := only(lv).(type) {
	case *Thin, *ThinPool:
		return 't'
	case *Held:
		if letter := t.targetLetter(); letter != 0 {
			return letter
		}
	}
	switch {
	case r.target[lv.Name] != 0:
		return r.target[lv.Name]
	case r.cow[lv.Name] != nil || len(r.snapshots[lv.Name]) > 0:
		return 's'
	case virtual(lv):
		return 'v'
	}
	return '-'
}

func (t *Held) targetLetter() byte {
	switch {
	case t.Type == "cache" || t.Type == "cache-pool" || t.Type == "writecache":
		return 'C'
	case t.Type == "mirror":
		return 'm'
	case strings.HasPrefix(t.Type, "raid"):
		return 'r'
	case t.Type == "vdo" || t.Type == "vdo-pool":
		return 'd'
	case !t.Known:
		return 'u'
	}
	return 0
}

// isOrigin reports whether something else begins where lv is: a snapshot, or a
// thin volume whose external origin it is. Thin snapshots need no origin.
func (r *reporter) isOrigin(lv *LV) bool {
	return len(r.snapshots[lv.Name]) > 0 || r.external[lv.Name]
}

// merging reports whether a snapshot is being merged back into lv.
func (r *reporter) merging(lv *LV) bool {
	for _, tie := range r.snapshots[lv.Name] {
		if only(tie).(*Snapshot).Merging {
			return true
		}
	}
	return false
}

// pool is the pool that lv is, or is in; nil for others.
func (r *reporter) pool(lv *LV) *ThinPool {
	switch t := only(lv).(type) {
	case *ThinPool:
		return t
	case *Thin:
		if pool := r.lvs[t.Pool]; pool != nil {
			p, _ := only(pool).(*ThinPool)
			return p
		}
	}
	return nil
}

// partial reports whether a part of lv is on a PV that is missing.
func (r *reporter) partial(lv *LV) bool {
	if r.vg.missing() == 0 {
		return false
	}
	seen := map[string]bool{}
	var visit func(name string) bool
	visit = func(name string) bool {
		lv := r.lvs[name]
		if lv == nil || seen[name] {
			return false
		}
		seen[name] = true
		for i := range lv.Segments {
			for a := range lv.Segments[i].parts() {
				if pv := r.pvs[a.PV]; a.LV == "" && (pv == nil || pv.Missing()) || a.LV != "" && visit(a.LV) {
					return true
				}
			}
		}
		return false
	}
	return visit(lv.Name)
}

// virtual reports whether lv is on no PV: lv_is_virtual.
func virtual(lv *LV) bool {
	for i := range lv.Segments {
		switch lv.Segments[i].Type.(type) {
		case Zero, Error:
		default:
			return false
		}
	}
	return len(lv.Segments) > 0
}
