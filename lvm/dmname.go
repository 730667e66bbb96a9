package lvm

import "strings"

// DeviceName is the name that device-mapper has for a part of an LV: VG and LV
// joined by a hyphen, with those in the names doubled, and where it says so the
// layer behind another hyphen. dm_build_dm_name of libdm/libdm-string.c.
//
//	vg-a, home, LayerReal: "vg--a-home-real"
func DeviceName(vg, lv string, layer Layer) string {
	var b strings.Builder
	b.Grow(len(vg) + len(lv) + len(layer) + 4)
	doubled := func(name string) {
		for {
			before, after, found := strings.Cut(name, "-")
			b.WriteString(before)
			if !found {
				return
			}
			b.WriteString("--")
			name = after
		}
	}
	doubled(vg)
	b.WriteByte('-')
	doubled(lv)
	if layer.named() {
		b.WriteByte('-')
		b.WriteString(string(layer))
	}
	return b.String()
}

// uuidPrefix is how the UUIDs of LVM's devices begin: UUID_PREFIX of
// lib/activate/dev_manager.c.
const uuidPrefix = "LVM-"

// DeviceUUID is the UUID that device-mapper has for a part of an LV:
// build_dm_uuid of lib/misc/lvm-string.c.
func DeviceUUID(vg, lv ID, layer Layer) string {
	b := make([]byte, 0, len(uuidPrefix)+2*len(vg)+1+len(layer))
	b = append(b, uuidPrefix...)
	b = append(b, vg[:]...)
	b = append(b, lv[:]...)
	if layer != "" {
		b = append(b, '-')
		b = append(b, layer...)
	}
	return string(b)
}

// ParseDeviceUUID is the reverse of [DeviceUUID]. It reports false for a UUID
// that is not one of an LV.
func ParseDeviceUUID(uuid string) (vg, lv ID, layer Layer, ok bool) {
	ids, found := strings.CutPrefix(uuid, uuidPrefix)
	if !found || len(ids) < 2*len(vg) {
		return ID{}, ID{}, "", false
	}
	rest := ids[2*len(vg):]
	if rest != "" {
		if rest[0] != '-' || len(rest) == 1 {
			return ID{}, ID{}, "", false
		}
		layer = Layer(rest[1:])
	}
	copy(vg[:], ids)
	copy(lv[:], ids[len(vg):])
	return vg, lv, layer, true
}

// splitDeviceName takes apart what [DeviceName] joined. It reports false for
// another program's name.
func splitDeviceName(name string) (vg, lv, layer string, ok bool) {
	var parts []string
	var part strings.Builder
	for i := 0; i < len(name); i++ {
		switch {
		case name[i] != '-':
			part.WriteByte(name[i])
		case i+1 < len(name) && name[i+1] == '-':
			part.WriteByte('-')
			i++
		default:
			parts = append(parts, part.String())
			part.Reset()
		}
	}
	parts = append(parts, part.String())
	switch len(parts) {
	case 2:
		return parts[0], parts[1], "", true
	case 3:
		return parts[0], parts[1], parts[2], true
	}
	return "", "", "", false
}
