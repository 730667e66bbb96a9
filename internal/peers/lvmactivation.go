package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"time"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/lvm"
)

// The operations of the part, for -ops.
const (
	activateMany   = "activate"
	deactivateMany = "deactivate"
	createActive   = "create active"
)

// activatedLVs is how many volumes are activated, or are active beside a new
// one.
const activatedLVs = 1000

// manyActivations is how many spawns of other commands there are for one
// activation of many: it takes as long.
const manyActivations = 20

// createEvery is the same for one volume that is created.
const createEvery = 4

func activationName(what string) string { return fmt.Sprintf("%s, linear %d", what, activatedLVs) }

// runActivation measures what makes volumes devices, in the virtual machine where
// this one has no device-mapper.
func runActivation(ctx context.Context, cfg config, w io.Writer) (bars []bar, err error) {
	conn, err := dm.Open(nil)
	switch {
	case errors.Is(err, errors.ErrUnsupported) || errors.Is(err, os.ErrNotExist):
		// What is below /run there would vanish below the own one.
		return inMachine(ctx, cfg, w, "activation", "-part", "activation", "-dir", "/dev/shm",
			"-rok", cfg.rok, "-spawns", fmt.Sprint(cfg.spawns))
	case err != nil:
		return nil, err
	}
	if err := conn.Close(); err != nil {
		return nil, err
	}
	dir, err := lvmDir(cfg)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	return inNamespace(ctx, cfg, w, "activation", dir, childActivation)
}

// runActivationChild measures inside of the namespace.
func runActivationChild(ctx context.Context, cfg config, w io.Writer) error {
	etc, err := ownFolders(cfg.dir)
	if err != nil {
		return err
	}
	fmt.Fprint(w, "## activation\n\n")
	printEnvironment(w, cfg, programVersion("LVM version", "lvm", "version"))
	// As for the other operations on devices: see runDM.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(max(spareProcessors, runtime.GOMAXPROCS(0))))
	result, err := measureActivation(ctx, cfg, etc, activatedLVs)
	if err != nil {
		return err
	}
	result.print(w)
	bars := result.bars()
	printBars(w, bars, cfg.quick)
	return verdict(bars, cfg.quick)
}

// activationResult is what was measured: of each contender, in the order of
// [activators], what its rounds took in nanoseconds; and of one volume that is
// created.
type activationResult struct {
	names         []string
	up, down      [][]float64
	rok, lvm2     spent
	library       []float64 // of one volume, in nanoseconds
	many, created bool      // were measured
}

// measureActivation does it with a VG of so many volumes.
func measureActivation(ctx context.Context, cfg config, etc string, lvs int) (r *activationResult, err error) {
	d, err := makeLVMDisk(ctx, cfg.dir, etc, lvmShape{lvs: lvs})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	a, err := newActivators(ctx, cfg, d)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	r = new(activationResult)
	if cfg.ops.MatchString(activationName(activateMany)) || cfg.ops.MatchString(activationName(deactivateMany)) {
		r.many = true
		if err := r.measureMany(ctx, cfg, a); err != nil {
			return nil, err
		}
	}
	if cfg.ops.MatchString(activationName(createActive)) {
		r.created = true
		err = r.measureCreate(ctx, cfg, a)
	}
	return r, err
}

// measureMany lets the contenders activate and deactivate all volumes in turns,
// in an order drawn anew in each round. One round before the first does not
// count, and shows that all do what they should.
func (r *activationResult) measureMany(ctx context.Context, cfg config, a *activators) error {
	all := a.contenders()
	r.up, r.down = make([][]float64, len(all)), make([][]float64, len(all))
	for _, c := range all {
		r.names = append(r.names, c.name)
	}
	draw := rand.New(rand.NewPCG(1, 2))
	for round := -1; round < max(cfg.spawns/manyActivations, 1); round++ {
		began := time.Now()
		for _, i := range draw.Perm(len(all)) {
			up, err := timed(ctx, all[i].up)
			if err == nil && round < 0 {
				err = a.check(len(a.devices), all[i].links)
			}
			down, err2 := timed(ctx, all[i].down)
			if err2 == nil && round < 0 {
				err2 = a.check(0, false)
			}
			if err := errors.Join(err, err2); err != nil {
				return fmt.Errorf("%s: %w", all[i].name, err)
			}
			if round >= 0 {
				r.up[i], r.down[i] = append(r.up[i], up), append(r.down[i], down)
			}
		}
		fmt.Fprintf(os.Stderr, "peers: activation, round %d, %.1f s\n", round+1, time.Since(began).Seconds())
	}
	return nil
}

// timed is how long do took, in nanoseconds.
func timed(ctx context.Context, do func(context.Context) error) (float64, error) {
	began := time.Now()
	err := do(ctx)
	return float64(time.Since(began)), err
}

// measureCreate lets both programs, and package lvm in this process, make one volume,
// active, beside those that are. It is taken away again in between.
func (r *activationResult) measureCreate(ctx context.Context, cfg config, a *activators) (err error) {
	if err := a.inProcess(0).up(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.takeBack(ctx), a.inProcess(0).down(ctx)) }()
	// A program that makes one volume has no need for more threads than processors.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(runtime.NumCPU()))

	both := []command{
		{name: "rok", argv: []string{cfg.rok, "lv", "create", lvmVG + "/new", "--extents", "1"}},
		{name: "lvm2", argv: []string{"lvcreate", "-qq", "-y", "-l", "1", "-n", "new", lvmVG}},
	}
	for _, c := range both {
		if err := c.run(ctx, new(spent)); err != nil {
			return err
		}
		if err := errors.Join(a.check(len(a.devices)+1, true), a.takeBack(ctx)); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	rounds := max(cfg.spawns/createEvery, 1)
	costs, err := takeTurns(ctx, both, rounds, func() error {
		if err := a.takeBack(ctx); err != nil {
			return err
		}
		took, err := timed(ctx, createInProcess)
		r.library = append(r.library, took)
		return errors.Join(err, a.takeBack(ctx))
	})
	if err != nil {
		return err
	}
	r.rok, r.lvm2 = costs[0], costs[1]
	return nil
}

// createInProcess makes the volume as a Go program does.
func createInProcess(ctx context.Context) (err error) {
	sys, err := lvm.OpenSystem(nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sys.Close()) }()
	_, err = sys.Change(ctx, lvmVG, lvm.ChangeOptions{}, lvm.CreateLV{Name: "new", Size: lvm.Amount{Extents: 1}})
	return err
}
