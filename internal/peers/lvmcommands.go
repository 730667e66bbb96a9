package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// lvmOutcome is what was measured of one operation on a VG of one shape.
type lvmOutcome struct {
	lvmShape
	what string // "read", "add" or "add 1000"
	// What rok, lvm2, and the two programs that do nothing spent in each round.
	rok, lvm2, empty, nothing spent
}

func (o *lvmOutcome) name() string { return o.what + ", " + o.lvmShape.String() }

// beyond is the processor time of rok and of lvm2 that is not the start of a
// process.
func (o *lvmOutcome) beyond() (rok, lvm2 float64) {
	return o.rok.medianCPU() - o.empty.medianCPU(), o.lvm2.medianCPU() - o.nothing.medianCPU()
}

const (
	lvmRead = "read"
	lvmAdd  = "add"
	// lvmManyName has lvmMany in it.
	lvmManyName = "add 1000"
	// lvmMany is how many LVs are made in one commit, and by so many lvcreate, of
	// which lvmSample are run.
	lvmMany   = 1000
	lvmSample = 50
)

// lvmShapes are those of which an operation's name, as "read, linear 1000", is
// chosen.
func lvmShapes(chosen *regexp.Regexp) []lvmShape {
	all := []lvmShape{{lvs: 1}, {lvs: 1000}, {lvs: 10000}, {lvs: 1000, thin: true}, {lvs: 10000, thin: true}, {}}
	return slices.DeleteFunc(all, func(s lvmShape) bool {
		return !slices.ContainsFunc(s.operations(), func(what string) bool {
			return chosen.MatchString((&lvmOutcome{lvmShape: s, what: what}).name())
		})
	})
}

// operations are what is measured on a VG of that shape: many are added to an
// empty one.
func (s lvmShape) operations() []string {
	if s.lvs == 0 {
		return []string{lvmManyName}
	}
	return []string{lvmRead, lvmAdd}
}

// measureShape makes a VG and measures what is done with it.
func measureShape(ctx context.Context, cfg config, etc string, s lvmShape) (outcomes []lvmOutcome, err error) {
	d, err := makeLVMDisk(ctx, cfg.dir, etc, s)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	for _, what := range s.operations() {
		o := lvmOutcome{lvmShape: s, what: what}
		if !cfg.ops.MatchString(o.name()) {
			continue
		}
		if what == lvmManyName {
			err = o.measureMany(ctx, cfg, d)
		} else {
			err = o.measure(ctx, cfg, d)
		}
		if err != nil {
			return nil, err
		}
		outcomes = append(outcomes, o)
	}
	return outcomes, nil
}

// commands of rok and lvm2 for one operation. None asks a kernel that may lack
// device-mapper.
func (o *lvmOutcome) commands(cfg config) (rok, lvm2 command) {
	rok, lvm2 = command{name: "rok", argv: []string{cfg.rok, "lv"}}, command{name: "lvm2"}
	switch o.what {
	case lvmRead:
		rok.argv = append(rok.argv, "ls", lvmVG)
		lvm2.argv = []string{"lvs", "--driverloaded", "n", lvmVG}
	case lvmAdd:
		rok.argv = append(rok.argv, "create", lvmVG+"/new", "--extents", "1", "--inactive", "-Zn", "-Wn", "-o", "none")
		lvm2.argv = []string{"lvcreate", "--driverloaded", "n", "-qq", "-y", "-an", "-Zn", "-Wn", "-l1", "-n", "new", lvmVG}
	default:
		rok.argv = append(rok.argv, "create", lvmVG, "--count", strconv.Itoa(lvmMany), "--extents", "1", "--inactive", "-Zn", "-Wn", "-o", "none")
		lvm2.argv = []string{"lvcreate", "--driverloaded", "n", "-qq", "-y", "-an", "-Zn", "-Wn", "-l1", lvmVG}
	}
	return rok, lvm2
}

// floors are the programs that do nothing.
func floors(cfg config) []command {
	return []command{{name: "empty cobra program", argv: []string{cfg.empty}}, {name: "/bin/true", argv: []string{"/bin/true"}}}
}

func (o *lvmOutcome) measure(ctx context.Context, cfg config, d *lvmDisk) error {
	rok, lvm2 := o.commands(cfg)
	if err := o.compare(ctx, cfg, d, rok, lvm2); err != nil {
		return err
	}
	costs, err := takeTurns(ctx, append([]command{rok, lvm2}, floors(cfg)...), cfg.spawns, d.restore)
	if err != nil {
		return err
	}
	o.rok, o.lvm2, o.empty, o.nothing = costs[0], costs[1], costs[2], costs[3]
	return nil
}

// measureMany adds many LVs with one rok, and some with as many lvcreate, each of
// which finds those that the ones before have made. The later ones of a thousand
// would cost more: what they would cost together is given as if they did not.
func (o *lvmOutcome) measureMany(ctx context.Context, cfg config, d *lvmDisk) error {
	rok, lvm2 := o.commands(cfg)
	if err := rok.run(ctx, new(spent)); err != nil {
		return err
	}
	if names, err := lvm2Names(ctx); err != nil || len(names) != lvmMany {
		return cmp.Or(err, fmt.Errorf("after rok, lvs lists %d LVs, want %d", len(names), lvmMany))
	}
	rounds := max(cfg.spawns/manyEvery, 1)
	costs, err := takeTurns(ctx, append([]command{rok}, floors(cfg)...), rounds, d.restore)
	if err != nil {
		return err
	}
	o.rok, o.empty, o.nothing = costs[0], costs[1], costs[2]
	if err := d.restore(); err != nil {
		return err
	}
	var each spent
	for range lvmSample {
		if err := lvm2.run(ctx, &each); err != nil {
			return err
		}
	}
	for range o.rok.cpu {
		o.lvm2.cpu = append(o.lvm2.cpu, lvmMany*each.medianCPU())
		o.lvm2.wall = append(o.lvm2.wall, lvmMany*each.medianWall())
	}
	return d.restore()
}

// manyEvery is how many spawns of other operations there are for one that adds
// many.
const manyEvery = 4

// compare makes sure that both do what they should, and the same.
func (o *lvmOutcome) compare(ctx context.Context, cfg config, d *lvmDisk, both ...command) error {
	want := o.lvs
	if o.thin {
		want++ // the pool
	}
	if o.what == lvmAdd {
		want++
	}
	for _, c := range both {
		if o.what == lvmAdd {
			if err := c.run(ctx, new(spent)); err != nil {
				return err
			}
		}
		ours, err := rokNames(ctx, cfg.rok)
		theirs, err2 := lvm2Names(ctx)
		if err := cmp.Or(err, err2); err != nil {
			return err
		}
		if !slices.Equal(ours, theirs) || len(ours) != want {
			return fmt.Errorf("after %s: rok lists %d LVs, lvs %d, want %d", c.name, len(ours), len(theirs), want)
		}
		if err := d.restore(); err != nil {
			return err
		}
	}
	return nil
}

// lvm2Names are the LVs that lvs lists, in order.
func lvm2Names(ctx context.Context) ([]string, error) {
	out, err := output(ctx, "lvs", "--driverloaded", "n", "--noheadings", "-o", "lv_name", lvmVG)
	names := strings.Fields(out)
	slices.Sort(names)
	return names, err
}

// rokNames are the LVs that rok lists, in order.
func rokNames(ctx context.Context, rok string) ([]string, error) {
	out, err := output(ctx, rok, "lv", "ls", lvmVG, "-o", "json")
	if err != nil {
		return nil, err
	}
	var lvs []struct {
		Name string `json:"lv_name"`
	}
	err = json.Unmarshal([]byte(out), &lvs)
	var names []string
	for _, lv := range lvs {
		names = append(names, lv.Name)
	}
	slices.Sort(names)
	return names, err
}

// output runs a program and returns what it prints.
func output(ctx context.Context, argv ...string) (string, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = lvmEnvironment()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", strings.Join(argv, " "), err, bytes.TrimSpace(stderr.Bytes()))
	}
	return string(out), nil
}

// lvmEnvironment is what lvm2 and rok get: messages in English, no udev to wait
// for, and no complaint of lvm2's about descriptors that it did not open.
func lvmEnvironment() []string {
	return append(os.Environ(), "LVM_SUPPRESS_FD_WARNINGS=1", "LC_ALL=C", "DM_DISABLE_UDEV=1")
}
