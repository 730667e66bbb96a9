package main

import (
	"strings"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/lvm"
)

// lvName is a VG, or an LV of it.
type lvName struct{ vg, lv string }

func (n lvName) String() string {
	if n.lv == "" {
		return n.vg
	}
	return n.vg + "/" + n.lv
}

// parseName reads VG, VG/LV, or a node of either: /dev/VG, /dev/VG/LV,
// /dev/mapper/VG-LV with the hyphens in names doubled.
func parseName(arg string) (lvName, error) {
	name, isPath := strings.CutPrefix(arg, "/dev/")
	if mapped, ok := strings.CutPrefix(name, "mapper/"); isPath && ok {
		if vg, lv, ok := splitMapped(mapped); ok {
			return lvName{vg, lv}, nil
		}
		return lvName{}, cli.Usagef("%q is not the node of an LV: want VG/LV", arg)
	}
	vg, lv, _ := strings.Cut(name, "/")
	if vg == "" || strings.Contains(lv, "/") {
		return lvName{}, cli.Usagef("%q names no VG and no LV: want VG/LV", arg)
	}
	return lvName{vg, lv}, nil
}

// splitMapped splits device-mapper's name of an LV at its single hyphen.
func splitMapped(name string) (vg, lv string, ok bool) {
	for i := 0; i < len(name); i++ {
		if name[i] != '-' {
			continue
		}
		if i+1 < len(name) && name[i+1] == '-' {
			i++
			continue
		}
		vg, lv = strings.ReplaceAll(name[:i], "--", "-"), strings.ReplaceAll(name[i+1:], "--", "-")
		return vg, lv, vg != "" && lv != "" && lvm.DeviceName(vg, lv, lvm.LayerNone) == name
	}
	return "", "", false
}

// parseLV reads the name of an LV.
func parseLV(arg string) (lvName, error) {
	n, err := parseName(arg)
	if err == nil && n.lv == "" {
		err = cli.Usagef("%q names no LV: want VG/LV", arg)
	}
	return n, err
}

// parseVG reads the name of a VG.
func parseVG(arg string) (string, error) {
	n, err := parseName(arg)
	if err == nil && n.lv != "" {
		err = cli.Usagef("%q names an LV: want a VG", arg)
	}
	return n.vg, err
}

// byVG groups names by their VG, in the order in which VGs come first.
func byVG(names []lvName) (vgs []string, lvs map[string][]string) {
	lvs = map[string][]string{}
	for _, n := range names {
		if _, known := lvs[n.vg]; !known {
			vgs = append(vgs, n.vg)
		}
		lvs[n.vg] = append(lvs[n.vg], n.lv)
	}
	return vgs, lvs
}
