package main

import (
	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/lvm"
)

// completeWith completes what a scan has. There is nothing to say to a shell in
// the middle of a line, so what goes wrong completes nothing.
func completeWith(s *storage, names func(*lvm.Scan) []string) cobra.CompletionFunc {
	return func(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		sys, err := s.open()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer sys.Close()
		scan, err := sys.Scan(c.Context(), lvm.ScanOptions{})
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return names(scan), cobra.ShellCompDirectiveNoFileComp
	}
}

func completePVs(s *storage) cobra.CompletionFunc {
	return completeWith(s, func(scan *lvm.Scan) (names []string) {
		for _, pv := range scan.PVs {
			names = append(names, pv.Device.Path)
		}
		return names
	})
}

func completeVGs(s *storage) cobra.CompletionFunc {
	return completeWith(s, func(scan *lvm.Scan) (names []string) {
		for _, g := range scan.VGs {
			names = append(names, g.VG.Name)
		}
		return names
	})
}

// completeLVs completes volumes, and VGs where all of theirs are meant.
func completeLVs(s *storage) cobra.CompletionFunc {
	return completeWith(s, func(scan *lvm.Scan) (names []string) {
		for _, g := range scan.VGs {
			for _, lv := range g.VG.Volumes() {
				names = append(names, g.VG.Name+"/"+lv.Name)
			}
		}
		return names
	})
}
