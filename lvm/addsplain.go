package lvm

// addsPlain reports whether next is old with more LVs that are on PVs alone, and
// nothing else. As long as they stay inactive, the kernel has nothing to do with it:
// no device has their IDs, and no pool waits for a message.
func addsPlain(old, next *VG) bool {
	if old.Name != next.Name || hasMessages(next) {
		return false
	}
	had := byID(old)
	added := 0
	for _, lv := range next.LVs {
		was := had[lv.ID]
		switch {
		case was != nil && !same(lv, was):
			return false
		case was == nil && !onPVs(lv):
			return false
		case was == nil:
			added++
		}
	}
	return len(next.LVs) == len(old.LVs)+added
}
