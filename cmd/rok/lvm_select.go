package main

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/lvm"
)

// lvSelection is what a command line names: LVs, all of a VG, and those with a
// tag. Empty: all there are.
type lvSelection struct {
	names []lvName
	tags  []string
}

func parseSelection(args []string) (*lvSelection, error) {
	s := new(lvSelection)
	for _, arg := range args {
		if arg != "" && arg[0] == '@' {
			s.tags = append(s.tags, arg)
			continue
		}
		n, err := parseName(arg)
		if err != nil {
			return nil, err
		}
		s.names = append(s.names, n)
	}
	return s, nil
}

// onlyVG is the VG that all of it is in, or empty.
func (s *lvSelection) onlyVG() string {
	if len(s.tags) > 0 || len(s.names) == 0 {
		return ""
	}
	for _, n := range s.names {
		if n.vg != s.names[0].vg {
			return ""
		}
	}
	return s.names[0].vg
}

// chosenLVs are LVs of a VG; no names: all of them.
type chosenLVs struct {
	group *lvm.DiskVG
	names []string
}

// choose finds what is selected in a scan.
func (s *lvSelection) choose(scan *lvm.Scan) ([]chosenLVs, error) {
	var chosen []chosenLVs
	if len(s.names)+len(s.tags) == 0 {
		for _, g := range scan.VGs {
			chosen = append(chosen, chosenLVs{group: g})
		}
		return chosen, nil
	}
	vgs, lvs := byVG(s.names)
	err := cli.Each(vgs, func(vg string) error {
		g, err := scan.VG(vg)
		if err != nil {
			return nearestVG(scan, vg, explain(err))
		}
		one := chosenLVs{group: g}
		var missing []error
		exist := thoseIn(g.VG, lvs[vg])
		for _, name := range lvs[vg] {
			switch {
			case name == "": // the VG alone
				one.names = nil
				chosen = append(chosen, one)
				return nil
			case !exist[name]:
				missing = append(missing, nearestLV(g.VG, name, &lvm.OpError{Op: "find LV", Object: vg + "/" + name, Err: lvm.ErrNotFound}))
			default:
				one.names = append(one.names, name)
			}
		}
		if one.names != nil {
			chosen = append(chosen, one)
		}
		return cli.Each(missing, func(err error) error { return err })
	})
	return append(chosen, s.tagged(scan, chosen)...), err
}

// tagged are the LVs that a tag stands for, and that were not chosen before.
func (s *lvSelection) tagged(scan *lvm.Scan, before []chosenLVs) []chosenLVs {
	var chosen []chosenLVs
	if len(s.tags) == 0 {
		return nil
	}
	for _, g := range scan.VGs {
		if slices.ContainsFunc(before, func(c chosenLVs) bool { return c.group == g && c.names == nil }) {
			continue
		}
		one := chosenLVs{group: g}
		named := map[string]bool{}
		for _, c := range before {
			for _, name := range c.names {
				named[name] = named[name] || c.group == g
			}
		}
		for _, lv := range g.VG.Volumes() {
			if named[lv.Name] {
				continue
			}
			if slices.ContainsFunc(s.tags, func(tag string) bool { return hasTag(tag, lv.Tags, g.VG.Tags) }) {
				one.names = append(one.names, lv.Name)
			}
		}
		if one.names != nil {
			chosen = append(chosen, one)
		}
	}
	return chosen
}

// thoseIn tells which of the names LVs of vg have.
func thoseIn(vg *lvm.VG, names []string) map[string]bool {
	exist := make(map[string]bool, len(names))
	for _, name := range names {
		exist[name] = false
	}
	for _, lv := range vg.LVs {
		if _, asked := exist[lv.Name]; asked {
			exist[lv.Name] = true
		}
	}
	return exist
}

// selectLVs finds the LVs that a command is to change, by name and by tag.
func selectLVs(c *cobra.Command, sys *lvm.System, args []string) ([]lvName, error) {
	s, err := parseSelection(args)
	if err != nil {
		return nil, err
	}
	for _, n := range s.names {
		if n.lv == "" {
			return nil, cli.Usagef("%q names no LV: want VG/LV", n.vg)
		}
	}
	if len(s.tags) == 0 {
		return s.names, nil
	}
	scan, err := sys.Scan(c.Context(), lvm.ScanOptions{})
	if err != nil {
		return nil, err
	}
	chosen, err := s.choose(scan)
	if err != nil {
		return nil, err
	}
	var names []lvName
	for _, g := range chosen {
		for _, lv := range g.names {
			names = append(names, lvName{g.group.VG.Name, lv})
		}
	}
	return names, nil
}

// parseLVs reads names of LVs, each once.
func parseLVs(args []string) ([]lvName, error) {
	var names []lvName
	seen := make(map[lvName]bool, len(args))
	for _, arg := range args {
		n, err := parseLV(arg)
		if err != nil {
			return nil, err
		}
		if !seen[n] {
			seen[n] = true
			names = append(names, n)
		}
	}
	return names, nil
}
