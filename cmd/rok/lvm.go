package main

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/lvm/host"
)

// storage is where a command finds PVs.
type storage struct {
	e       *env
	images  []string
	devices []string
	wait    time.Duration

	mapping func() // called when device-mapper is open; may be nil
	lasting bool   // the command does not end soon: it collects its garbage
}

// storageFlags gives c the flags that all commands on PVs, VGs and LVs have.
func storageFlags(c *cobra.Command, e *env) *storage {
	s := &storage{e: e}
	listVar(c.Flags(), &s.images, "image", "", "a `FILE` that holds a PV; may be repeated. These are the only PVs, and no root is needed")
	listVar(c.Flags(), &s.devices, "device", "", "look at this `DEV` only; may be repeated")
	c.Flags().DurationVar(&s.wait, "lock-wait", 0, "wait no longer than this for others, such as 30s; by default as long as it takes")
	return s
}

// open opens what the flags say.
func (s *storage) open() (*lvm.System, error) {
	if s.wait < 0 {
		return nil, cli.Usagef("--lock-wait cannot be negative")
	}
	if len(s.images) > 0 && len(s.devices) > 0 {
		return nil, cli.Usagef("--image and --device exclude each other")
	}
	cfg := s.e.lvm
	cfg.Images, cfg.Devices = s.images, append(cfg.Devices, s.devices...)
	cfg.Command = "rok " + strings.Join(s.e.args, " ")
	if s.wait > 0 {
		h := host.Config{}
		if cfg.Host != nil {
			h = *cfg.Host
		}
		h.LockWait = s.wait
		cfg.Host = &h
	}
	if !s.lasting {
		cfg.OnText = collectLate
	}
	cfg.OpenDM = func() (*dm.Conn, error) {
		conn, err := s.e.openDM(nil)
		if errors.Is(err, fs.ErrPermission) {
			err = deviceMapperError(err)
		}
		if err == nil && s.mapping != nil {
			s.mapping()
		}
		return conn, err // that there is none is no error here
	}
	return lvm.OpenSystem(&cfg)
}

// systemCommand is what a command does with a System.
type systemCommand func(c *cobra.Command, sys *lvm.System, args []string) error

// with makes a command's function of one that needs a System, and changes something.
// Where there is device-mapper, an interrupt ends waiting, and what was not begun, and
// no device stays suspended. Elsewhere it ends the process: what is on the disks is
// the old group or the new one at any moment, and to catch signals costs a short
// command a seventh of its time.
func (s *storage) with(run systemCommand) func(*cobra.Command, []string) error {
	return s.looking(func(c *cobra.Command, sys *lvm.System, args []string) error {
		ctx, cancel := context.WithCancel(c.Context())
		defer cancel()
		done := make(chan struct{})
		defer close(done)
		s.mapping = func() { onSignal(cancel, done) }
		c.SetContext(ctx)
		return run(c, sys, args)
	})
}

// onSignal calls do for signals that would end the process, until done is closed.
func onSignal(do func(), done <-chan struct{}) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		defer signal.Stop(signals)
		for {
			select {
			case <-signals:
				do()
			case <-done:
				return
			}
		}
	}()
}

// looking is with for a command that changes nothing: an interrupt ends the process,
// and its locks with it.
func (s *storage) looking(run systemCommand) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) (err error) {
		sys, err := s.open()
		if err != nil {
			return err
		}
		defer func() { err = cmp.Or(err, sys.Close()) }()
		return run(c, sys, args)
	}
}

// imagesAsPVs takes the image files for the PVs, where none are named.
func (s *storage) imagesAsPVs(c *cobra.Command, pvs []string) ([]string, error) {
	switch {
	case len(pvs) > 0:
		return pvs, nil
	case len(s.images) > 0:
		return s.images, nil
	}
	return nil, cli.Usagef("which PVs? %s", c.UseLine())
}

// warn prints what failed beside what was done.
func warn(c *cobra.Command, change *lvm.Change) {
	if change == nil {
		return
	}
	for _, w := range change.Wiped {
		c.PrintErrf("rok: %s: wiped %s\n", w.Path, signatures(w.Found))
	}
	for _, err := range change.Warnings {
		for l := range strings.Lines(err.Error()) {
			c.PrintErrf("rok: warning: %s\n", strings.TrimSuffix(l, "\n"))
		}
	}
}
