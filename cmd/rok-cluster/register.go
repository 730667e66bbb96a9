package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/units"
)

// registerFlags are those of "register".
type registerFlags struct {
	store         *string
	version       int
	degree        degreeValue
	block         sizeValue
	base, root    string
	changed       string
	labels        []string
	allow, frozen bool
	workers       func() int
	quiet         *bool
	format        *cli.Format
}

func registerCommand(e *env) *cobra.Command {
	c := &cobra.Command{
		Use: "register SOURCE NAME [SOURCE NAME]...",
		Long: `Read volumes, which are files or block devices, and keep each as a map in a store. A map of
the same name is replaced: it is a former state of the volume, and what did not change since is not stored
again. Several pairs are one group: no map is published before all are complete.

Holes of files are not read. --changed names a file with the ranges that may differ from the base, a
line each: offset and length, as "rok thin extract --since --list" writes them; nothing else is read.

A map is v3 (a flat list) unless the base or the configuration says otherwise, or --map-version does. A v4
map is a tree where --degree is given or configured; auto is 128.

A file that changes while it is read is refused, since what was read is of no one moment: register a
snapshot. A run that was ended goes on when the same command is given again: what was stored is not stored
again, and what was read of a file that did not change is not read again.`,
		Example: `  rok-register disk.img vm/web-1
  rok-register disk.img vm/web-1 --map-version 4 --degree auto --label app=web
  rok-register disk.img vm/web-1 data.img vm/web-1-data`,
		Args: cli.Args(2, -1),
	}
	f := new(registerFlags)
	flags := c.Flags()
	f.store = storeFlag(flags)
	flags.IntVar(&f.version, "map-version", 0, "the map's format: `3 or 4`")
	flags.Var(&f.degree, "degree", "children of a node of a v4 map: auto, flat, or a power of two from 16 to 1024")
	flags.Var(&f.block, "block-size", "a power of two from 64KiB to 16MiB")
	flags.StringVar(&f.base, "base", "", "the map `NAME` that the volume was like before; otherwise the one of the same name")
	flags.StringVar(&f.root, "base-root", "", "the root `ID` that the base must have")
	flags.StringVar(&f.changed, "changed", "", "a `FILE` with the ranges that changed since the base")
	flags.StringArrayVar(&f.labels, "label", nil, "give the map a label, `KEY=VALUE`")
	flags.BoolVar(&f.allow, "allow-changes", false, "publish what was read of a source that changed meanwhile")
	flags.BoolVar(&f.frozen, "unchanging", false, "the sources are snapshots that nobody writes")
	f.workers = workersFlag(flags)
	f.quiet = cli.QuietFlag(c)
	f.format = cli.OutputFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error { return f.run(c, e, args) }
	return c
}

func (f *registerFlags) run(c *cobra.Command, e *env, args []string) (err error) {
	if len(args)%2 != 0 {
		return cli.Usagef("source %q has no name: %s", args[len(args)-1], c.UseLine())
	}
	if f.version != 0 && f.version != 3 && f.version != 4 {
		return cli.Usagef("--map-version %d: want 3 or 4", f.version)
	}
	request := composer.RegisterRequest{
		Asked:        composer.Asked{Version: f.version, Degree: f.degree.degree, BlockSize: f.block.bytes},
		AllowChanges: f.allow, Unchanging: f.frozen, StateDir: e.stateDir(), Workers: f.workers(), Now: e.now,
	}
	for i := 0; i < len(args); i += 2 {
		source, err := composer.OpenFile(args[i], e.now)
		if err != nil {
			return err
		}
		defer source.Close() // nothing was written
		request.Volumes = append(request.Volumes, composer.Volume{Source: source, Name: args[i+1]})
	}
	if err := f.volumes(request.Volumes); err != nil {
		return err
	}
	progress, step := progressOf(c, "register", *f.quiet)
	request.Progress = step
	defer progress.End()
	return withStore(c.Context(), e, *f.store, true, func(st *store.Store, s composerSettings) error {
		request.Defaults = s.defaults
		result, err := composer.Register(c.Context(), st, request)
		progress.End()
		if errors.Is(err, composer.ErrSourceChanged) {
			err = &cli.Error{Err: err, Next: "register a snapshot, or take it as it is with --allow-changes"}
		}
		if len(result.Maps) == 0 {
			return err
		}
		return errors.Join(err, f.print(c.OutOrStdout(), result))
	})
}

// volumes adds what the flags say.
func (f *registerFlags) volumes(all []composer.Volume) error {
	if len(all) > 1 && (f.base != "" || f.root != "" || f.changed != "") {
		return cli.Usagef("--base, --base-root and --changed are about one volume: register it alone")
	}
	v := &all[0]
	v.Base = f.base
	if f.root != "" {
		root, err := maps.ParseID(f.root)
		if err != nil {
			return cli.Usagef("--base-root %s: %v", f.root, err)
		}
		v.BaseRoot = root
	}
	if f.changed != "" {
		ranges, err := readRanges(f.changed)
		if err != nil {
			return err
		}
		v.Changed = ranges
	}
	for _, text := range f.labels {
		l, err := labelOf(text)
		if err != nil {
			return err
		}
		for i := range all {
			all[i].Labels = append(all[i].Labels, l)
		}
	}
	return nil
}

// readRanges reads lines of an offset and a length, perhaps behind a word.
func readRanges(path string) ([]maps.Range, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	ranges := []maps.Range{}
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		words := strings.Fields(lines.Text())
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if len(words) == 3 && (words[0] == "data" || words[0] == "zero") {
			words = words[1:]
		}
		var r maps.Range
		if len(words) == 2 {
			r.Start, err = units.ParseBytes(words[0])
			if words[1] == "-" { // up to the end
				r.Length = maps.MaxSize
			} else if err == nil {
				r.Length, err = units.ParseBytes(words[1])
			}
		}
		if len(words) != 2 || err != nil {
			return nil, cli.Usagef("%s:%d: %q: want an offset and a length", path, n, lines.Text())
		}
		ranges = append(ranges, r)
	}
	return ranges, lines.Err()
}

// registerView is what "register -o json" prints.
type registerView struct {
	Maps   []registeredView `json:"maps"`
	Stored storedView       `json:"stored"`
}

type registeredView struct {
	mapView
	Source       string  `json:"source"`
	Base         *string `json:"base"`
	PreviousRoot *string `json:"previous_root"`
	Group        *string `json:"group"`
	Resumed      bool    `json:"resumed"`
	DataBytes    uint64  `json:"data_bytes"`
	ZeroBytes    uint64  `json:"zero_bytes"`
	SameBytes    uint64  `json:"same_bytes"`
	HoleBytes    uint64  `json:"hole_bytes"`
	UnreadBytes  uint64  `json:"unread_bytes"`
	NotedBytes   uint64  `json:"resumed_bytes"`
}

type storedView struct {
	PutCount    int64 `json:"put_count"`
	PutBytes    int64 `json:"put_bytes"`
	StoredBytes int64 `json:"stored_bytes"`
	KeptCount   int64 `json:"kept_count"`
	KeptBytes   int64 `json:"kept_bytes"`
}

// orNull is a pointer to a text, nil for an empty one.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func viewRegistered(r composer.Registered) registeredView {
	v := registeredView{
		mapView: viewMap(r.Name, r.Header), Source: r.Source, Base: orNull(r.Base), Group: orNull(r.Group), Resumed: r.Resumed,
		DataBytes: uint64(r.Read.Data), ZeroBytes: uint64(r.Read.Zero), SameBytes: uint64(r.Read.Same), HoleBytes: uint64(r.Read.Hole),
		UnreadBytes: uint64(r.Read.Base), NotedBytes: uint64(r.Read.Resumed),
	}
	if !r.Previous.IsZero() {
		v.PreviousRoot = orNull(r.Previous.String())
	}
	return v
}

func (f *registerFlags) print(w io.Writer, result composer.Result) error {
	s := result.Stored
	if f.format.JSON() {
		view := registerView{Stored: storedView{s.Put, s.PutBytes, s.Stored, s.Kept, s.KeptBytes}, Maps: []registeredView{}}
		for _, r := range result.Maps {
			view.Maps = append(view.Maps, viewRegistered(r))
		}
		return cli.JSON(w, view)
	}
	t := &cli.Table{Columns: []string{"MAP", ">SIZE", ">READ", ">CHANGED", ">SAME", ">ZEROS", ">HOLES", ">NOT READ"}}
	for _, r := range result.Maps {
		c := r.Read
		t.Add(r.Name, r.Header.Size.Human(), c.Read().Human(), c.Data.Human(), c.Same.Human(), c.Zero.Human(), c.Hole.Human(), (c.Base + c.Resumed).Human())
	}
	if _, err := t.WriteTo(w); err != nil {
		return err
	}
	for _, r := range result.Maps {
		if r.Resumed {
			fmt.Fprintf(w, "%s: published as a run that was ended had prepared it\n", cli.Printable(r.Name))
		}
		if r.BaseErr != nil {
			fmt.Fprintf(w, "%s: the former map is damaged, and was read as far as it goes: %s\n", cli.Printable(r.Name), cli.Printable(r.BaseErr.Error()))
		}
	}
	verb := "were"
	if s.Kept == 1 {
		verb = "was"
	}
	_, err := fmt.Fprintf(w, "stored %s, %s as %s; %s %s there\n", plural(s.Put, "object"), units.Bytes(s.PutBytes).Human(), units.Bytes(s.Stored).Human(), plural(s.Kept, "object"), verb)
	return err
}
