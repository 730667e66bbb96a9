package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/units"
)

// storeFlag gives a command the flag --store.
func storeFlag(flags *pflag.FlagSet) *string {
	return flags.String("store", "", "the store's `ADDRESS`: file:///DIR, s3://BUCKET/PREFIX?endpoint=…, unix:///SOCKET")
}

// workersFlag gives a command the flag --workers, of which it returns what was given: 0 for nothing.
func workersFlag(flags *pflag.FlagSet) func() int {
	n := flags.Uint16("workers", 0, "work on `N` blocks at once (default what processors and memory suggest)")
	return func() int { return int(*n) }
}

// withStore reads the settings, opens the store that was asked for, calls do, and closes it.
func withStore(ctx context.Context, e *env, address string, create bool, do func(*store.Store, composerSettings) error) error {
	settings, err := readComposer(e)
	if err != nil {
		return err
	}
	return settings.withStore(ctx, e, address, create, func(st *store.Store) error { return do(st, settings) })
}

// withStore is the same where the settings are read already.
func (s composerSettings) withStore(ctx context.Context, e *env, address string, create bool, do func(*store.Store) error) (err error) {
	st, err := openStore(ctx, e, s.cluster, cmp.Or(address, s.store), create)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	return do(st)
}

// sizeValue is a flag that is a size. Zero: not given.
type sizeValue struct{ bytes units.Bytes }

func (f *sizeValue) String() string {
	if f.bytes == 0 {
		return ""
	}
	return f.bytes.String()
}

func (f *sizeValue) Set(s string) (err error) {
	f.bytes, err = units.ParseBytes(s)
	return err
}

func (f *sizeValue) Type() string { return "SIZE" }

// degreeValue is a flag that is the degree of a tree. Nil: not given.
type degreeValue struct{ degree *int }

func (f *degreeValue) String() string {
	if f.degree == nil {
		return ""
	}
	return fmt.Sprint(*f.degree)
}

func (f *degreeValue) Set(s string) error {
	n, err := parseDegree(s)
	f.degree = &n
	return err
}

func (f *degreeValue) Type() string { return "DEGREE" }

// labelOf reads key=value.
func labelOf(text string) (composer.Label, error) {
	key, value, ok := strings.Cut(text, "=")
	if !ok || value == "" {
		return composer.Label{}, cli.Usagef("label %q: want key=value", text)
	}
	l := composer.Label{Key: key, Value: value}
	return l, composer.CheckLabel(l)
}

// progressOf shows the steps of a call.
func progressOf(c *cobra.Command, label string, quiet bool) (*cli.Progress, func(composer.Step)) {
	p := cli.NewProgress(c.ErrOrStderr(), quiet)
	if p == nil {
		return nil, nil
	}
	return p, func(s composer.Step) {
		p.Set(cli.Step{Label: label + " " + s.Object, Done: s.Done, Total: s.Total})
	}
}

// plural is a number of things.
func plural[N int | int64 | uint64](n N, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
