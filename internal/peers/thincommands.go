package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rok-storage/rok/units"
)

// thinMetaSize is that of the files which are restored to.
const thinMetaSize = 256 * units.MiB

// thinOutcome is what was measured of one operation on one shape.
type thinOutcome struct {
	shape, what string
	rok, tool   spent
}

func (o *thinOutcome) name() string { return o.what + ", shape " + o.shape }

// thinOperation is what both programs do.
type thinOperation struct {
	what      string
	rok, tool []string
	// same compares what they did with what they print, or where they print
	// nothing with what they leave.
	same func(ctx context.Context, rok, tool []string) error
	// before comes in front of each run.
	before func() error
}

// The operations, for -ops: "dump, shape A".
const (
	thinDump    = "dump"
	thinCheck   = "check"
	thinLs      = "ls"
	thinRestore = "restore"
	thinWrite   = "restore without reading it back"
)

// thinOperations are those on the metadata in meta, which come from xml.
func thinOperations(rok, xml, meta, restored string) []thinOperation {
	empty := func() error { return makeFile(restored, thinMetaSize) }
	tool := []string{"thin_restore", "-q", "-i", xml, "-o", restored}
	restore := []string{rok, "thin", "restore", "-q", "-i", xml, "-o", restored}
	sameDump := func(ctx context.Context, a, b []string) error { return sameOutput(ctx, a, b[:2]) }
	sameRestore := func(ctx context.Context, a, b []string) error { return sameMetadata(ctx, a, b, restored, empty) }
	return []thinOperation{
		// Where thin_dump opens what it writes to, that costs it no more.
		{thinDump, []string{rok, "thin", "dump", meta}, []string{"thin_dump", meta, "-o", os.DevNull}, sameDump, nothing},
		{thinCheck, []string{rok, "thin", "check", meta}, []string{"thin_check", "-q", meta}, bothSucceed, nothing},
		{thinLs, []string{rok, "thin", "ls", meta},
			[]string{"thin_ls", "--format", "DEV,MAPPED,EXCLUSIVE,SHARED,TRANSACTION,CREATE_TIME,SNAP_TIME", meta}, sameUsage, nothing},
		{thinRestore, restore, tool, sameRestore, empty},
		{thinWrite, append(restore[:len(restore):len(restore)], "--verify=false"), tool, sameRestore, empty},
	}
}

func nothing() error { return nil }

// measureThinShape makes a file of that shape and measures what is done with it.
func measureThinShape(ctx context.Context, cfg config, dir string, s thinShape) (outcomes []thinOutcome, err error) {
	xml, meta, restored := filepath.Join(dir, "xml"), filepath.Join(dir, "meta"), filepath.Join(dir, "restored")
	for _, op := range thinOperations(cfg.rok, xml, meta, restored) {
		o := thinOutcome{shape: s.name, what: op.what}
		if !cfg.ops.MatchString(o.name()) {
			continue
		}
		if len(outcomes) == 0 {
			if err := errors.Join(s.makeXML(xml, cfg.chunks), makeFile(meta, thinMetaSize)); err != nil {
				return nil, err
			}
			if _, err := output(ctx, "thin_restore", "-q", "-i", xml, "-o", meta); err != nil {
				return nil, err
			}
		}
		if o.rok, o.tool, err = op.measure(ctx, cfg); err != nil {
			return nil, err
		}
		outcomes = append(outcomes, o)
	}
	return outcomes, nil
}

// measure makes sure that both do the same, and lets them take turns.
func (op *thinOperation) measure(ctx context.Context, cfg config) (rok, tool spent, err error) {
	began := time.Now()
	if err := op.same(ctx, op.rok, op.tool); err != nil {
		return rok, tool, err
	}
	both := []command{{name: "rok", argv: op.rok, watched: true}, {name: op.tool[0], argv: op.tool, watched: true}}
	costs, err := takeTurns(ctx, both, max(cfg.spawns/thinEvery, 1), op.before)
	if err != nil {
		return rok, tool, err
	}
	fmt.Fprintf(os.Stderr, "peers: %s, %.1f s\n", op.what, time.Since(began).Seconds())
	return costs[0], costs[1], nil
}

// bothSucceed is for those that say nothing where nothing is wrong.
func bothSucceed(ctx context.Context, a, b []string) error {
	_, err := output(ctx, a...)
	_, err2 := output(ctx, b...)
	return errors.Join(err, err2)
}

// sameUsage compares what both say that each device maps, has for itself and shares, in
// blocks: as they are measured they print sizes, rounded.
func sameUsage(ctx context.Context, rok, tool []string) error {
	out, err := output(ctx, append(rok[:len(rok):len(rok)], "-o", "json")...)
	if err != nil {
		return err
	}
	var list struct {
		Devices []struct {
			ID        uint64 `json:"device_id"`
			Mapped    uint64 `json:"mapped_blocks"`
			Exclusive uint64 `json:"exclusive_blocks"`
			Shared    uint64 `json:"shared_blocks"`
		}
	}
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		return fmt.Errorf("%s: %w", rok[0], err)
	}
	var ours []string
	for _, d := range list.Devices {
		ours = append(ours, fmt.Sprint(d.ID), fmt.Sprint(d.Mapped), fmt.Sprint(d.Exclusive), fmt.Sprint(d.Shared))
	}
	theirs, err := output(ctx, tool[0], "--no-headers", "--format", "DEV,MAPPED_BLOCKS,EXCLUSIVE_BLOCKS,SHARED_BLOCKS", tool[len(tool)-1])
	if err != nil {
		return err
	}
	if !slices.Equal(ours, strings.Fields(theirs)) {
		return fmt.Errorf("%s and %s list something else", rok[0], tool[0])
	}
	return nil
}

// sameOutput holds the bytes that one prints against those of the other.
func sameOutput(ctx context.Context, a, b []string) error {
	x, err := digest(ctx, a)
	y, err2 := digest(ctx, b)
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	if x != y {
		return fmt.Errorf("%s and %s print something else", a[0], b[0])
	}
	return nil
}

// digest is the sum of what a program prints, which may be too much to keep.
func digest(ctx context.Context, argv []string) (sum [sha256.Size]byte, err error) {
	h := sha256.New()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = h, os.Stderr
	if err := cmd.Run(); err != nil {
		return sum, fmt.Errorf("%s: %w", argv[0], err)
	}
	h.Sum(sum[:0])
	return sum, nil
}

// sameMetadata runs both, each on an empty file, and has what they leave checked and
// dumped by thin-provisioning-tools.
func sameMetadata(ctx context.Context, a, b []string, path string, empty func() error) error {
	var sums [2][sha256.Size]byte
	for i, argv := range [][]string{a, b} {
		if err := empty(); err != nil {
			return err
		}
		for _, argv := range [][]string{argv, {"thin_check", path}} {
			if _, err := output(ctx, argv...); err != nil {
				return err
			}
		}
		var err error
		if sums[i], err = digest(ctx, []string{"thin_dump", path}); err != nil {
			return err
		}
	}
	if sums[0] != sums[1] {
		return fmt.Errorf("%s and %s restore something else", a[0], b[0])
	}
	return nil
}
