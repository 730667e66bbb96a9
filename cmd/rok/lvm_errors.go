package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/internal/nearest"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/lvm/host"
)

// lvmRules say what the errors of package lvm mean to the shell.
func lvmRules() []cli.Rule {
	var rules []cli.Rule
	for code, errs := range map[cli.Code][]error{
		cli.Usage:    {lvm.ErrName, lvm.ErrInvalid, disk.ErrLayout, host.ErrVGName},
		cli.NotFound: {lvm.ErrNotFound},
		cli.NoSpace:  {disk.ErrTextTooLong},
		cli.Refused: {
			lvm.ErrExists, lvm.ErrInUse, lvm.ErrReadOnly, lvm.ErrPending, lvm.ErrLimit, lvm.ErrNotSupported,
			lvm.ErrForeign, lvm.ErrShared, lvm.ErrClustered, lvm.ErrExported, lvm.ErrVGNotWritable, lvm.ErrUnknownSegment,
			lvm.ErrNotFree, lvm.ErrHasLVs, lvm.ErrNotEmpty, lvm.ErrMissingPV, lvm.ErrDuplicatePV, lvm.ErrSameName,
			lvm.ErrNotInVG, lvm.ErrChanged, lvm.ErrUnknownHeader, lvm.ErrSmallDevice, host.ErrNotListed,
		},
		cli.Corrupt: {
			lvm.ErrStructure, lvm.ErrDuplicate, lvm.ErrReference, lvm.ErrGap, lvm.ErrOverlap, lvm.ErrRange, lvm.ErrFlag,
			lvm.ErrConflict, lvm.ErrClaimed, lvm.ErrMisplaced, disk.ErrDamaged,
		},
	} {
		for _, err := range errs {
			rules = append(rules, cli.Rule{Code: code, Match: cli.Is(err)})
		}
	}
	return append(rules,
		cli.Rule{Code: cli.Refused, Match: cli.As[*lvm.BusyError]()},
		cli.Rule{Code: cli.Refused, Match: cli.As[*lvm.MissingPVError]()},
		cli.Rule{Code: cli.Refused, Match: cli.Is(lvm.ErrNotUsable)},
		cli.Rule{Code: cli.Refused, Match: cli.Is(lvm.ErrNeedsOrigin)},
	)
}

// explain adds the next step to errors that have one.
func explain(err error) error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, e := range joined.Unwrap() {
			all = append(all, explain(e))
		}
		return errors.Join(all...)
	}
	for _, hint := range []struct {
		is   error
		next string
	}{
		{lvm.ErrMissingPV, "connect the device, or rok vg reduce VG --missing takes it out of the group"},
		{lvm.ErrHasLVs, "rok lv rm removes them, or --force removes them with the group"},
		{lvm.ErrForeign, "change it on that host"},
		{lvm.ErrExported, "vgimport of lvm2 makes it usable again"},
		{lvm.ErrPending, "rok lv activate sends them"},
		{lvm.ErrConflict, "rok vg restore writes one of them everywhere"},
		{lvm.ErrUnknownSegment, "use the version of lvm2 that wrote it"},
		{lvm.ErrChanged, "try again"},
		{lvm.ErrNotInVG, "rok vg extend puts it into one"},
		{lvm.ErrSameName, "rok vg rename UUID NAME gives one of them another"},
		{disk.ErrTextTooLong, "remove tags or volumes, or use a group whose PVs were made with a larger --metadata-size"},
		{lvm.ErrNotEmpty, "--force overwrites it"},
		{host.ErrNotListed, "lvm2's devices file or filter keeps it out"},
	} {
		if errors.Is(err, hint.is) {
			return &cli.Error{Err: err, Next: hint.next}
		}
	}
	if e, ok := errors.AsType[*cli.Error](err); ok && e.Next != "" {
		return err
	}
	if name := poolToRepair(err); name != "" {
		return &cli.Error{Err: err, Next: "rok pool repair " + name}
	}
	if _, ok := errors.AsType[*lvm.ActiveError](err); ok {
		return &cli.Error{Err: err, Next: "--yes does it all the same, and what it holds is lost"}
	}
	return err
}

// poolToRepair is the pool that could not be activated for what its metadata is.
func poolToRepair(err error) string {
	activation, ok := errors.AsType[*lvm.ActivationError](err)
	if !ok {
		return ""
	}
	if e, ok := errors.AsType[*lvm.MetadataError](err); ok {
		return activation.VG + "/" + e.Pool
	}
	if e, ok := errors.AsType[*lvm.TransactionError](err); ok {
		return activation.VG + "/" + e.Pool
	}
	return ""
}

// explainNew is explain for what is on a new LV.
func explainNew(err error) error {
	if e, ok := errors.AsType[*lvm.NotEmptyError](err); ok {
		return &cli.Error{Err: fmt.Errorf("create LV: %w", e), Next: "--yes wipes it, --wipe-signatures n leaves it there"}
	}
	return explain(err)
}

// withNearestLVM adds the name nearest to a VG or LV that was not found.
func withNearestLVM(c *cobra.Command, sys *lvm.System, vg string, err error) error {
	if !errors.Is(err, lvm.ErrNotFound) {
		return err
	}
	if e, ok := errors.AsType[*cli.Error](err); ok && e.Next != "" {
		return err
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, e := range joined.Unwrap() {
			all = append(all, withNearestLVM(c, sys, vg, e))
		}
		return errors.Join(all...)
	}
	scan, scanErr := sys.Scan(c.Context(), lvm.ScanOptions{})
	if scanErr != nil {
		return err
	}
	g, vgErr := scan.VG(vg)
	if vgErr != nil {
		return nearestVG(scan, vg, err)
	}
	// An object that is a device has a path, and an LV the name of its VG in front.
	if e, ok := errors.AsType[*lvm.OpError](err); ok {
		if name, ok := strings.CutPrefix(e.Object, vg+"/"); ok {
			return nearestLV(g.VG, name, err)
		}
		return nearestPV(scan, e.Object, err)
	}
	return err
}

// unchanged says that there was nothing to do, which is no error.
func unchanged(c *cobra.Command, err error) error {
	if !errors.Is(err, lvm.ErrUnchanged) {
		return err
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, e := range joined.Unwrap() {
			all = append(all, unchanged(c, e))
		}
		return errors.Join(all...)
	}
	c.PrintErrf("rok: %v; nothing to do\n", err)
	return nil
}

// nearestOf adds the name nearest to one that was not found.
func nearestOf(err error, object, name string, names []string, list string) error {
	switch {
	case errors.Is(err, lvm.ErrNotFound):
	case errors.Is(err, fs.ErrNotExist):
		err = fmt.Errorf("%s %s: %w", object, name, lvm.ErrNotFound)
	default:
		return err
	}
	next := list + " shows what there is"
	if best, near := nearest.Of(name, names); near {
		next = fmt.Sprintf("did you mean %s?", best)
	}
	return &cli.Error{Err: err, Next: next}
}

func nearestPV(scan *lvm.Scan, name string, err error) error {
	var names []string
	for _, pv := range scan.PVs {
		names = append(names, pv.Device.Path)
	}
	return nearestOf(err, "PV", name, names, "rok pv ls")
}

func nearestVG(scan *lvm.Scan, name string, err error) error {
	var names []string
	for _, g := range scan.VGs {
		names = append(names, g.VG.Name)
	}
	return nearestOf(err, "VG", name, names, "rok vg ls")
}

func nearestLV(vg *lvm.VG, name string, err error) error {
	var names []string
	for _, lv := range vg.LVs {
		names = append(names, vg.Name+"/"+lv.Name)
	}
	return nearestOf(err, "LV", vg.Name+"/"+name, names, "rok lv ls "+vg.Name)
}
