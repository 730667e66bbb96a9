package main

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/lvm"
)

// lvCreation is what the flags of "rok lv create" say.
type lvCreation struct {
	names                        []string
	count                        int
	size, extents, virtual       *amountFlag
	stripes                      int
	stripeSize, chunk, metadata  *bytesFlag
	thinPool, inactive, yes      bool
	pool, snapshotOf             string
	tags, on                     []string
	alloc                        *allocFlag
	activate, skip, auto         *yesNo
	zero, wipe, errorWhen, spare *yesNo
	discards, permission         *choice
	readAhead                    *readAheadFlag
}

func lvCreate(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "create VG/LV... [PV...]",
		Short: "Make logical volumes",
		Long: `Make logical volumes, which are then active: linear ones, striped ones (--stripes), thin
pools (--thin-pool), thin volumes (--pool), and snapshots (--snapshot-of) of any of them:
of a thin volume in its pool, of others with --size for what changes.

VG alone lets rok choose a name; with --count it makes so many. PV, or --on, says where:
a device, perhaps with ranges of extents behind it as in /dev/sda:0-99, or @TAG.

What is new and active begins with zeros. Where something else was on its extents, it is
named, and the volume not made, unless --yes wipes it or --wipe-signatures n leaves it. What
is --inactive or read-only begins with what is there.`,
		Example: `  rok lv create data/new --size 1G
  rok lv create data/fast --size 25%FREE --stripes 2 --stripe-size 64K
  rok lv create data --count 10 --size 100M
  rok lv create data/pool --thin-pool --size 1G
  rok lv create data/snap --snapshot-of data/home --size 100M --yes`,
		Args: cobra.ArbitraryArgs,
	}
	s, format := storageFlags(c, e), cli.ResultFlag(c)
	n := lvCreationFlags(c)
	c.ValidArgsFunction = completeVGs(s)
	c.RunE = s.with(func(c *cobra.Command, sys *lvm.System, args []string) error {
		vg, places, err := n.parse(args)
		if err != nil {
			return err
		}
		o, err := n.changeOptions()
		if err != nil {
			return err
		}
		change, err := sys.ChangeWith(c.Context(), vg, o, func(g *lvm.DiskVG) ([]lvm.Op, error) {
			place, err := parsePlace(g, places)
			if err != nil {
				return nil, err
			}
			return n.ops(g.VG, sys, place)
		})
		warn(c, change)
		if err != nil {
			return withNearestLVM(c, sys, vg, explainNew(err))
		}
		return printChanged(c, format, sys, change, change.Names)
	})
	return c
}

func lvCreationFlags(c *cobra.Command) *lvCreation {
	f, n := c.Flags(), new(lvCreation)
	n.size, n.extents, n.virtual = new(amountFlag), &amountFlag{extents: true}, new(amountFlag)
	listVar(f, &n.names, "name", "n", "the `NAME`, where VG was given alone; may be repeated")
	f.IntVar(&n.count, "count", 0, "make `N` of them: NAME0, NAME1, and so on")
	f.VarP(n.size, "size", "L", "the size: 10G, 25%FREE, 50%VG, 100%ORIGIN")
	f.VarP(n.extents, "extents", "l", "the size in extents: 100, or a share as above")
	f.VarP(n.virtual, "virtual-size", "V", "the size of a thin volume, as --size")
	f.IntVarP(&n.stripes, "stripes", "i", 0, "spread it over `N` PVs")
	n.stripeSize = sizeFlag(f, "stripe-size", "I", "in pieces of this size (default 64KiB)")
	f.BoolVar(&n.thinPool, "thin-pool", false, "make a thin pool")
	f.StringVar(&n.pool, "pool", "", "make a thin volume in this `POOL`: VG/NAME or NAME")
	f.StringVarP(&n.snapshotOf, "snapshot-of", "s", "", "make a snapshot of this `LV`: VG/NAME or NAME")
	n.chunk = sizeFlag(f, "chunk-size", "c", "of a pool or a snapshot with a size")
	n.metadata = sizeFlag(f, "pool-metadata-size", "", "the size of a pool's metadata")
	n.spare = yesNoFlag(f, "pool-metadata-spare", "", "keep a spare for pools' metadata (default y)")
	n.discards = choiceFlag(f, "discards", "", "what a pool does with discards (default passdown)", lvm.DiscardsPassdown, lvm.DiscardsNoPassdown, lvm.DiscardsIgnore)
	n.errorWhen = yesNoFlag(f, "error-when-full", "", "a full pool fails writes at once, instead of holding them")
	n.alloc = policyFlag(f, "how it gets extents: contiguous, cling, normal, anywhere")
	listVar(f, &n.on, "on", "", "use this `PV`, as behind the name; may be repeated")
	listVar(f, &n.tags, "tag", "", "give it this `TAG`; may be repeated")
	f.BoolVar(&n.inactive, "inactive", false, "do not activate it")
	n.activate = yesNoFlag(f, "activate", "a", "n is --inactive")
	n.skip = yesNoFlag(f, "set-activation-skip", "k", "activate it only where that is asked for with -K (default y for thin snapshots)")
	n.auto = yesNoFlag(f, "autoactivate", "", "activate it when the machine starts")
	n.permission = choiceFlag(f, "permission", "p", "whether it can be written to", "rw", "r")
	n.readAhead = readAheadFlagP(f)
	n.zero = yesNoFlag(f, "zero", "Z", "begin it with zeros; of a pool: new blocks are zeroed (default y)")
	n.wipe = yesNoFlag(f, "wipe-signatures", "W", "look for what is on it, and wipe it with --yes (default y)")
	f.BoolVarP(&n.yes, "yes", "y", false, "wipe what is on it")
	lvm2Spellings(c, map[string]string{"addtag": "tag", "setautoactivation": "autoactivate", "thinpool": "pool"})
	return n
}

// parse finds out which of the arguments are names, and which are places: names
// come first, and are in one VG.
func (n *lvCreation) parse(args []string) (vg string, places []string, err error) {
	for _, name := range []string{n.snapshotOf, n.pool} {
		if of, lv, ok := strings.Cut(name, "/"); ok && lv != "" && len(args) == 0 && vg == "" && of != "" {
			vg = of
		}
	}
	if len(args) == 0 && vg == "" {
		return "", nil, cli.Usagef("which one? want VG/LV, or VG")
	}
	for i, arg := range args {
		if i > 0 && !strings.HasPrefix(arg, vg+"/") && !strings.HasPrefix(arg, "/dev/"+vg+"/") {
			places = append(places, arg)
			continue
		}
		name, err := parseName(arg)
		if err != nil {
			return "", nil, err
		}
		if vg = name.vg; name.lv != "" {
			n.names = append(n.names, name.lv)
		}
	}
	for i, name := range n.names {
		n.names[i] = strings.TrimPrefix(name, vg+"/")
	}
	return vg, append(places, n.on...), n.check(vg)
}

// check refuses what does not fit together.
func (n *lvCreation) check(vg string) error {
	given := 0
	for _, f := range []*amountFlag{n.size, n.extents, n.virtual} {
		if f.set() {
			given++
		}
		if f.sign != 0 {
			return cli.Usagef("a new volume's size has no sign")
		}
	}
	switch {
	case given > 1:
		return cli.Usagef("--size, --extents and --virtual-size exclude each other")
	case n.thinPool && (n.pool != "" || n.snapshotOf != ""):
		return cli.Usagef("--thin-pool goes with neither --pool nor --snapshot-of")
	case given == 0 && n.snapshotOf == "":
		return cli.Usagef("--size is missing")
	case n.count < 0 || n.count > 0 && len(n.names) > 1:
		return cli.Usagef("--count goes with one name")
	case n.inactive && n.activate.or(false):
		return cli.Usagef("--inactive and --activate y exclude each other")
	case strings.HasPrefix(n.snapshotOf, "-"):
		return cli.Usagef("--snapshot-of wants an LV: rok lv create --snapshot-of LV --name NAME")
	}
	var err error
	if n.pool, err = inVG(vg, n.pool, "--pool"); err != nil {
		return err
	}
	if n.snapshotOf, err = inVG(vg, n.snapshotOf, "--snapshot-of"); err != nil {
		return err
	}
	return checkTags(n.tags)
}

// inVG takes VG/NAME or NAME for a name in that VG.
func inVG(vg, arg, flag string) (string, error) {
	if !strings.Contains(arg, "/") {
		return arg, nil
	}
	n, err := parseLV(arg)
	if err == nil && n.vg != vg {
		err = cli.Usagef("%s %s is not in VG %s", flag, arg, vg)
	}
	return n.lv, err
}

func (n *lvCreation) changeOptions() (lvm.ChangeOptions, error) {
	o := lvm.ChangeOptions{Inactive: n.inactive || !n.activate.or(true)}
	if !n.thinPool {
		o.KeepStart = !n.zero.or(true)
	}
	switch {
	case !n.wipe.or(!o.KeepStart):
		o.Signatures = lvm.KeepSignatures
	case n.yes:
		o.Signatures = lvm.WipeSignatures
	}
	return o, nil
}

// allNames are the names to make; an empty one is chosen by the operation.
func (n *lvCreation) allNames() []string {
	switch {
	case n.count > 0 && len(n.names) == 1:
		var names []string
		for i := range n.count {
			names = append(names, n.names[0]+strconv.Itoa(i))
		}
		return names
	case len(n.names) == 0:
		return make([]string, max(n.count, 1))
	}
	return n.names
}

// amount is the size that was given.
func (n *lvCreation) amount() lvm.Amount {
	for _, f := range []*amountFlag{n.size, n.extents, n.virtual} {
		if f.set() {
			return f.amount
		}
	}
	return lvm.Amount{}
}

// ops are the operations that make the LVs.
func (n *lvCreation) ops(vg *lvm.VG, sys *lvm.System, place lvm.Place) ([]lvm.Op, error) {
	options := lvm.Options{
		Tags: n.tags, Allocation: n.alloc.or(lvm.AllocInherit), ReadOnly: n.permission.value == "r",
		ActivationSkip: n.skip.or(false), NoAutoActivate: !n.auto.or(true),
	}
	if n.readAhead.value != nil {
		options.ReadAhead = *n.readAhead.value
	}
	stripe, err := n.stripeSize.bytes.Sectors()
	if err != nil {
		return nil, cli.Usagef("--stripe-size: %v", err)
	}
	chunk, err := n.chunk.bytes.Sectors()
	if err != nil {
		return nil, cli.Usagef("--chunk-size: %v", err)
	}
	var ops []lvm.Op
	for _, name := range n.allNames() {
		switch {
		case n.thinPool:
			op := n.newPool(sys)
			op.Name, op.Stripes, op.StripeSize, op.Place, op.Options = name, n.stripes, stripe, place, options
			if op.ChunkSize == 0 || chunk != 0 {
				op.ChunkSize = chunk
			}
			ops = append(ops, op)
		case n.snapshotOf != "":
			op, err := n.snapshot(vg, sys, name, options)
			if err != nil {
				return nil, err
			}
			if cow, ok := op.(lvm.CreateCOWSnapshot); ok {
				cow.Stripes, cow.StripeSize, cow.Place, cow.ChunkSize = n.stripes, stripe, place, chunk
				op = cow
			}
			ops = append(ops, op)
		case n.pool != "":
			if err := mayCreateIn(vg, n.pool); err != nil {
				return nil, err
			}
			ops = append(ops, lvm.CreateThin{Pool: n.pool, Name: name, Size: n.amount(), Options: options})
		default:
			ops = append(ops, lvm.CreateLV{Name: name, Size: n.amount(), Stripes: n.stripes, StripeSize: stripe, Place: place, Options: options})
		}
	}
	return ops, nil
}

// newPool is a pool as the flags and lvm2's settings have it.
func (n *lvCreation) newPool(sys *lvm.System) lvm.CreateThinPool {
	set := sys.Settings().ThinPool
	op := lvm.CreateThinPool{
		Size: n.amount(), NoSpare: !n.spare.or(true), Discards: set.Discards, NoZeroing: !n.zero.or(set.Zero),
		ErrorWhenFull: n.errorWhen.or(set.ErrorWhenFull), ChunkSize: set.ChunkSize,
	}
	if n.discards.value != "" {
		op.Discards = n.discards.value
	}
	op.MetadataSize.Size.Bytes = n.metadata.bytes
	return op
}

// snapshot is a snapshot of the kind that the origin and the flags ask for.
func (n *lvCreation) snapshot(vg *lvm.VG, sys *lvm.System, name string, o lvm.Options) (lvm.Op, error) {
	origin := vg.LV(n.snapshotOf)
	if origin == nil {
		return nil, nearestLV(vg, n.snapshotOf, &lvm.OpError{Op: "create snapshot of", Object: vg.Name + "/" + n.snapshotOf, Err: lvm.ErrNotFound})
	}
	sized := n.amount() != (lvm.Amount{})
	var pool string
	if len(origin.Segments) == 1 {
		if t, ok := origin.Segments[0].Type.(*lvm.Thin); ok {
			pool = t.Pool
		}
	}
	if n.skip.value == nil {
		o.ActivationSkip = sys.Settings().AutoActivationSkip
	}
	switch {
	case pool != "" && !sized && (n.pool == "" || n.pool == pool):
		return lvm.CreateThinSnapshot{Origin: n.snapshotOf, Name: name, Options: o}, mayCreateIn(vg, pool)
	case n.pool != "" && sized:
		return nil, cli.Usagef("a snapshot in a pool has its origin's size")
	case n.pool != "":
		o.ActivationSkip = n.skip.or(false)
		return lvm.CreateExternalSnapshot{Origin: n.snapshotOf, Pool: n.pool, Name: name, Options: o}, mayCreateIn(vg, n.pool)
	case !sized:
		return nil, cli.Usagef("--size is missing: how much of %s may change", n.snapshotOf)
	}
	o.ActivationSkip = n.skip.or(false)
	return lvm.CreateCOWSnapshot{Origin: n.snapshotOf, Name: name, Size: n.amount(), Options: o}, nil
}

// parsePlace reads PVs: a device or a PV's ID, perhaps with ranges of extents
// behind a colon, or a tag.
func parsePlace(g *lvm.DiskVG, args []string) (lvm.Place, error) {
	var p lvm.Place
	for _, arg := range args {
		if tag, ok := strings.CutPrefix(arg, "@"); ok {
			p.PVs = append(p.PVs, lvm.PVChoice{Tag: tag})
			continue
		}
		id, err := g.FindPV(arg)
		choice := lvm.PVChoice{PV: id}
		if name, ranges, ok := strings.Cut(arg, ":"); err != nil && ok {
			if id, err = g.FindPV(name); err == nil {
				choice.PV = id
				choice.Ranges, err = lvm.ParseExtentRanges(ranges)
			}
		}
		if err != nil {
			return p, err
		}
		p.PVs = append(p.PVs, choice)
	}
	return p, nil
}
