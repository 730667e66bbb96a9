package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/thin/metadata"
)

// snapChoice is the flag --metadata-snap[=BLOCK].
type snapChoice struct {
	is    bool
	block uint64 // 0: the one that the superblock names
}

func snapFlag(c *cobra.Command) *snapChoice {
	f := new(snapChoice)
	c.Flags().Var(f, "metadata-snap", "read the metadata snapshot, also of an active pool")
	c.Flags().Lookup("metadata-snap").NoOptDefVal = "held"
	return f
}

func (f *snapChoice) String() string { return "" }

func (f *snapChoice) Type() string { return "BLOCK" }

func (f *snapChoice) Set(s string) error {
	f.is = true
	if s == "held" {
		return nil
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n == 0 {
		return fmt.Errorf("want the number of a metadata block")
	}
	f.block = n
	return nil
}

// trees are those that the flag asks for.
func (f *snapChoice) trees(m *metadata.Metadata) (*metadata.Trees, error) {
	if !f.is {
		return m.Trees(), nil
	}
	t, err := m.HeldTrees()
	if errors.Is(err, metadata.ErrNoSnapshot) {
		return nil, &cli.Error{Err: err, Next: "dmsetup message POOL 0 reserve_metadata_snap takes one"}
	}
	if held := m.Superblock().HeldRoot; err == nil && f.block != 0 && f.block != held {
		return nil, &cli.Error{Code: cli.Refused,
			Err:  fmt.Errorf("metadata block %d is not the metadata snapshot", f.block),
			Next: fmt.Sprintf("it is in block %d", held)}
	}
	return t, err
}

// withTrees makes a command's function of one that reads the trees of its FILE.
func (s *storage) withTrees(snap *snapChoice, run func(c *cobra.Command, t *metadata.Trees, path string) error) func(*cobra.Command, []string) error {
	return s.withMetadata(func() bool { return snap.is }, func(c *cobra.Command, m *metadata.Metadata, args []string) error {
		t, err := snap.trees(m)
		if err != nil {
			return fmt.Errorf("%s: %w", args[0], err)
		}
		return run(c, t, args[0])
	})
}

// damageList keeps the first errors of many.
type damageList struct {
	path  string
	first []error
	count uint64
}

const damageListed = 100

// collectDamage makes what reads metadata go on behind damage, if it is to.
func collectDamage(path string, damage *func(error) error, skip bool) *damageList {
	l := &damageList{path: path}
	if skip {
		*damage = l.add
	}
	return l
}

func (l *damageList) add(err error) error {
	if l.count++; len(l.first) < damageListed {
		l.first = append(l.first, fmt.Errorf("%s: %w", l.path, err))
	}
	return nil
}

// err is nil if nothing was added.
func (l *damageList) err() error {
	if more := l.count - uint64(len(l.first)); more > 0 {
		return errors.Join(append(l.first, fmt.Errorf("%s: and %d more: %w", l.path, more, metadata.ErrCorrupt))...)
	}
	return errors.Join(l.first...)
}
