package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rok-storage/rok/maps"
)

// mapsContender is a program that keeps a volume, in a place of its own.
type mapsContender struct {
	name string
	dir  string // its store and all that it keeps besides
	// data is what of dir counts as stored.
	data string
	// first makes an empty store, keeps the image there, and again keeps it once more
	// behind a change.
	empty       []string
	first, next []string
}

// mapsPlace is the folder that all work in.
type mapsPlace struct {
	dir, image, ranges string
	register, self     string
	changed            []maps.Range
}

func (p *mapsPlace) in(name string) string { return filepath.Join(p.dir, name) }

// contenders are rok, those that it is held against, and the bare loop. All have their
// store beside the image, and no more options than are needed to do the same: restic
// as it is, borg with chunks like rok's blocks and its default compression, casync as it is.
func (p *mapsPlace) contenders() []mapsContender {
	restic := []string{"env", "RESTIC_PASSWORD=roktest", "RESTIC_REPOSITORY=" + p.in("restic/store"),
		"RESTIC_CACHE_DIR=" + p.in("restic/cache"), "restic", "-q"}
	borg := []string{"env", "BORG_BASE_DIR=" + p.in("borg/base"), "BORG_REPO=" + p.in("borg/store"),
		"BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes", "BORG_RELOCATED_REPO_ACCESS_IS_OK=yes", "borg"}
	create := []string{"create", "--compression", "lz4", "--chunker-params", fmt.Sprintf("fixed,%d", uint64(mapsBlock))}
	casync := []string{"casync", "make", "--store=" + p.in("casync/store.castr")}
	register := []string{"env", "ROK_STATE_DIR=" + p.in("rok/state"), p.register, "-q", "--store", "file://" + p.in("rok/store")}
	with := func(base []string, more ...string) []string { return append(base[:len(base):len(base)], more...) }
	return []mapsContender{
		{name: "rok", dir: p.in("rok"), data: "store", first: with(register, p.image, "volume"),
			next: with(register, "--changed", p.ranges, p.image, "volume")},
		{name: "restic", dir: p.in("restic"), data: "store", empty: with(restic, "init", "--repository-version", "2"),
			first: with(restic, "backup", p.image), next: with(restic, "backup", p.image)},
		{name: "borg", dir: p.in("borg"), data: "store", empty: with(borg, "init", "-e", "none"),
			first: with(with(borg, create...), "::first", p.image), next: with(with(borg, create...), "::next", p.image)},
		{name: "casync", dir: p.in("casync"), data: ".", first: with(casync, p.in("casync/first.caibx"), p.image),
			next: with(casync, p.in("casync/next.caibx"), p.image)},
	}
}

// bare is the loop beside an incremental.
func (p *mapsPlace) bare() mapsContender {
	return mapsContender{name: "bare loop", dir: p.in("bare"), data: ".",
		next: []string{p.self, childMapsBare, p.image, p.ranges, p.in("bare")}}
}

// clear leaves an empty store.
func (c *mapsContender) clear(ctx context.Context) error {
	if err := errors.Join(os.RemoveAll(c.dir), os.MkdirAll(c.dir, 0o700)); err != nil || c.empty == nil {
		return err
	}
	_, err := output(ctx, c.empty...)
	return err
}

// kept is where the state behind the first run is while others follow it.
func (c *mapsContender) kept() string { return c.dir + ".kept" }

// restore brings that state back.
func (c *mapsContender) restore(ctx context.Context) error {
	if c.first == nil {
		return c.clear(ctx)
	}
	if err := os.RemoveAll(c.dir); err != nil {
		return err
	}
	_, err := output(ctx, "cp", "-a", c.kept(), c.dir)
	return err
}

// keep makes that state.
func (c *mapsContender) keep(ctx context.Context) error {
	if c.first == nil {
		return nil
	}
	if err := c.clear(ctx); err != nil {
		return err
	}
	if _, err := output(ctx, c.first...); err != nil {
		return err
	}
	return os.Rename(c.dir, c.kept())
}

// stored are the bytes in the files of a store.
func (c *mapsContender) stored() (bytes int64, err error) {
	err = filepath.WalkDir(filepath.Join(c.dir, c.data), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			bytes += info.Size()
		}
		return err
	})
	return bytes, err
}
