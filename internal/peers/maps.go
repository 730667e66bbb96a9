package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/rok-storage/rok/units"
)

// mapsImageSize is that of the volume that all programs keep.
const mapsImageSize = 2 * units.GiB

// mapsEvery is how many spawns of other commands there are for one round of these.
const mapsEvery = 40

// mapsOutcome is what one program took.
type mapsOutcome struct {
	name       string
	full, next spent // the bare loop has no full one
	stored     int64 // behind the full one
	added      int64 // by the next
}

// runMaps measures the registering of volumes beside programs that keep backups, on files
// of this machine, and counts what trees cost.
func runMaps(ctx context.Context, cfg config, w io.Writer) (bars []bar, err error) {
	dir, err := os.MkdirTemp(cfg.dir, prefix)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	fmt.Fprint(w, "## maps\n\n")
	printEnvironment(w, cfg, programVersion("restic", "restic", "version"), programVersion("borg", "borg", "--version"), programVersion("casync", "casync", "--version"))
	size, treeSize := mapsImageSize, units.Bytes(mapsTreeSize)
	if cfg.quick {
		size, treeSize = 64*units.MiB, 16*units.GiB
	}
	outcomes, err := measureMaps(ctx, cfg, dir, size)
	if err != nil {
		return nil, err
	}
	tree, err := mapsTreeOfChild(ctx, treeSize)
	if err != nil {
		return nil, err
	}
	peaks, err := measureMapsPeaks(ctx, cfg, dir)
	if err != nil {
		return nil, err
	}
	printMaps(w, size, outcomes, tree, peaks)
	bars = mapsBars(outcomes, tree, peaks)
	printBars(w, bars, cfg.quick)
	return bars, nil
}

// mapsTreeOfChild measures in a process of its own, which has no garbage of others.
func mapsTreeOfChild(ctx context.Context, size units.Bytes) (t mapsTree, err error) {
	self, err := os.Executable()
	if err != nil {
		return t, err
	}
	began := time.Now()
	out, err := output(ctx, self, childMapsTree, fmt.Sprint(uint64(size)))
	if err != nil {
		return t, err
	}
	fmt.Fprintf(os.Stderr, "peers: a map of %s, %.1f s\n", size, time.Since(began).Seconds())
	if err := json.Unmarshal([]byte(out), &t); err != nil {
		return t, fmt.Errorf("the child's answer: %w", err)
	}
	return t, nil
}

// registerProgram is rok-cluster by the name that makes it register.
func registerProgram(cfg config, dir string) (string, error) {
	cluster := filepath.Join(dir, "rok-cluster")
	if err := copyProgram(filepath.Join(filepath.Dir(cfg.rok), "rok-cluster"), cluster); err != nil {
		return "", err
	}
	register := filepath.Join(dir, "rok-register")
	return register, os.Symlink("rok-cluster", register)
}

func measureMaps(ctx context.Context, cfg config, dir string, size units.Bytes) ([]mapsOutcome, error) {
	register, err := registerProgram(cfg, dir)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &mapsPlace{dir: dir, image: filepath.Join(dir, "image"), ranges: filepath.Join(dir, "ranges"), register: register, self: self}
	if err := writeMapsImage(p.image, size); err != nil {
		return nil, err
	}
	all := p.contenders()
	outcomes := make([]mapsOutcome, len(all)+1)
	rounds := max(cfg.spawns/mapsEvery, 1)
	fmt.Fprintf(os.Stderr, "peers: an image of %s, %d rounds\n", size, rounds)
	err = mapsTurns(len(all), rounds, func(i int, counted bool) error {
		c := &all[i]
		if err := c.clear(ctx); err != nil {
			return err
		}
		return outcomes[i].run(ctx, c, c.first, &outcomes[i].full, &outcomes[i].stored, 0, counted)
	})
	if err != nil {
		return nil, err
	}
	for i := range all {
		if err := all[i].keep(ctx); err != nil {
			return nil, err
		}
	}
	if p.changed, err = changeMapsImage(p.image, size); err != nil {
		return nil, err
	}
	if err := os.WriteFile(p.ranges, []byte(rangesText(p.changed)), 0o600); err != nil {
		return nil, err
	}
	all = append(all, p.bare())
	return outcomes, mapsTurns(len(all), rounds, func(i int, counted bool) error {
		c := &all[i]
		if err := c.restore(ctx); err != nil {
			return err
		}
		return outcomes[i].run(ctx, c, c.next, &outcomes[i].next, &outcomes[i].added, outcomes[i].stored, counted)
	})
}

// mapsTurns has each of n do it once a round, in an order drawn anew; the first round does
// not count.
func mapsTurns(n, rounds int, turn func(i int, counted bool) error) error {
	draw := rand.New(rand.NewPCG(5, 6))
	for round := -1; round < rounds; round++ {
		began := time.Now()
		for _, i := range draw.Perm(n) {
			if err := turn(i, round >= 0); err != nil {
				return err
			}
		}
		fmt.Fprintf(os.Stderr, "peers: round %d of %d, %.1f s\n", round+1, rounds, time.Since(began).Seconds())
	}
	return nil
}

func (o *mapsOutcome) run(ctx context.Context, c *mapsContender, argv []string, into *spent, stored *int64, before int64, counted bool) error {
	o.name = c.name
	if !counted {
		into = new(spent)
	}
	if err := (&command{name: c.name, argv: argv, watched: true}).run(ctx, into); err != nil {
		return err
	}
	n, err := c.stored()
	*stored = n - before
	return err
}
