package host

import (
	"slices"
	"strings"
)

// MayActivate reports whether an LV may be active here, by
// activation/volume_list. tags are those of the LV and of its VG. Where the
// list is not set but the host has tags, the LV or its VG must have one of them.
func (s *Settings) MayActivate(vg, lv string, tags ...string) bool {
	list := s.VolumeList
	if list == nil {
		if len(s.HostTags) == 0 {
			return true
		}
		list = []string{"@*"}
	}
	return s.selects(list, vg, lv, tags)
}

// MayAutoActivate reports the same of activation that nobody asked for by name,
// as when the host starts: activation/auto_activation_volume_list counts too.
func (s *Settings) MayAutoActivate(vg, lv string, tags ...string) bool {
	if s.AutoActivationVolumeList != nil && !s.selects(s.AutoActivationVolumeList, vg, lv, tags) {
		return false
	}
	return s.MayActivate(vg, lv, tags...)
}

// ActivateReadOnly reports whether an LV is to be read-only here, whatever its
// VG says, by activation/read_only_volume_list.
func (s *Settings) ActivateReadOnly(vg, lv string, tags ...string) bool {
	return s.selects(s.ReadOnlyVolumeList, vg, lv, tags)
}

// selects reports whether an entry names the VG, the LV, one of the tags, or
// with "@*" those of them that the host has too.
func (s *Settings) selects(list []string, vg, lv string, tags []string) bool {
	return slices.ContainsFunc(list, func(entry string) bool {
		tag, isTag := strings.CutPrefix(entry, "@")
		switch {
		case entry == "@*":
			return slices.ContainsFunc(tags, func(t string) bool { return slices.Contains(s.HostTags, t) })
		case isTag:
			return slices.Contains(tags, tag)
		}
		return entry == vg || entry == vg+"/"+lv
	})
}
