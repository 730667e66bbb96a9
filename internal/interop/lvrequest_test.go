package interop_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// changeLVs does what a command for LVs says.
func (r *request) changeLVs(ctx context.Context, s *stand) error {
	vg, lv, _ := strings.Cut(r.names[0], "/")
	if r.command == "lvchange" && r.has("-a") {
		return r.activate(ctx, s, vg, []string{lv})
	}
	o := lvm.ChangeOptions{
		Inactive: s.offline || r.value("-a") == "n", KeepStart: s.offline || r.value("-Z") == "n" && !r.has("-T"),
		Signatures: lvm.WipeSignatures, Deactivate: true,
	}
	_, err := s.system.ChangeWith(ctx, vg, o, func(g *lvm.DiskVG) ([]lvm.Op, error) {
		op, err := r.lvOperation(s, g, lv)
		return []lvm.Op{op}, err
	})
	return err
}

func (r *request) lvOperation(s *stand, g *lvm.DiskVG, lv string) (lvm.Op, error) {
	switch r.command {
	case "lvcreate":
		return r.createLV(s, g, lv)
	case "lvextend":
		return r.extendLV(g, lv)
	case "lvreduce":
		amount, sign, err := r.amount()
		if sign == "-" {
			return lvm.ReduceLV{Name: lv, By: amount}, err
		}
		return lvm.ReduceLV{Name: lv, To: amount}, err
	case "lvremove":
		return lvm.RemoveLV{Name: lv, WithDependents: true}, nil
	case "lvrename":
		_, to, _ := strings.Cut(r.names[1], "/")
		return lvm.RenameLV{Name: lv, To: to}, nil
	case "lvchange":
		return r.changeLV(lv)
	}
	return nil, fmt.Errorf("%s: %w", r.command, errUsage)
}

func (r *request) options0() lvm.Options {
	return lvm.Options{
		Tags: r.options["--addtag"], Allocation: r.policy(), ReadOnly: r.value("-p") == "r",
		ActivationSkip: r.value("-k") == "y", NoAutoActivate: r.value("--setautoactivation") == "n",
	}
}

func (r *request) createLV(s *stand, g *lvm.DiskVG, lv string) (lvm.Op, error) {
	if r.has("-T") || r.has("-s") {
		return r.createThin(lv)
	}
	amount, _, err := r.amount()
	if err != nil {
		return nil, err
	}
	stripe, err := r.stripeSize()
	if err != nil {
		return nil, err
	}
	place, err := r.place(g)
	if err != nil {
		return nil, err
	}
	return lvm.CreateLV{
		Name: r.value("-n"), Size: amount, Stripes: r.number("-i"), StripeSize: stripe, Place: place, Options: r.options0(),
	}, nil
}

func (r *request) extendLV(g *lvm.DiskVG, lv string) (lvm.Op, error) {
	amount, sign, err := r.amount()
	if err != nil {
		return nil, err
	}
	place, err := r.place(g)
	if err != nil {
		return nil, err
	}
	stripe, err := r.stripeSize()
	op := lvm.ExtendLV{Name: lv, To: amount, Stripes: r.number("-i"), StripeSize: stripe, Allocation: r.policy(), Place: place}
	if sign == "+" {
		op.To, op.By = lvm.Amount{}, amount
	}
	return op, err
}

func (r *request) stripeSize() (units.Sectors, error) {
	b, err := r.size(r.value("-I"))
	if err != nil {
		return 0, err
	}
	return b.Sectors()
}

// place reads the PVs behind the LV's name: /dev/loop0, /dev/loop0:0-3 and @tag.
func (r *request) place(g *lvm.DiskVG) (p lvm.Place, err error) {
	for _, name := range r.names[1:] {
		if tag, ok := strings.CutPrefix(name, "@"); ok {
			p.PVs = append(p.PVs, lvm.PVChoice{Tag: tag})
			continue
		}
		path, ranges, some := strings.Cut(name, ":")
		var c lvm.PVChoice
		if c.PV, err = g.FindPV(path); err != nil {
			return p, err
		}
		if some {
			if c.Ranges, err = lvm.ParseExtentRanges(ranges); err != nil {
				return p, err
			}
		}
		p.PVs = append(p.PVs, c)
	}
	return p, nil
}

func (r *request) changeLV(lv string) (lvm.Op, error) {
	if r.tags() {
		return lvm.TagLV{Name: lv, Add: r.options["--addtag"], Remove: r.options["--deltag"]}, nil
	}
	c := lvm.ChangeLV{Name: lv, AutoActivate: r.yes("--setautoactivation"), ActivationSkip: r.yes("-k")}
	if r.has("-p") {
		w := r.value("-p") == "rw"
		c.Writable = &w
	}
	if r.has("--alloc") {
		p := r.policy()
		c.Allocation = &p
	}
	if r.has("-r") {
		var a lvm.ReadAhead
		switch v := r.value("-r"); v {
		case "auto":
			a = lvm.ReadAheadAuto
		case "none":
			a = lvm.ReadAheadNone
		default:
			a = lvm.ReadAhead(r.number("-r"))
		}
		c.ReadAhead = &a
	}
	if r.has("--discards") {
		word := r.value("--discards")
		c.Discards = &word
	}
	c.ZeroNewBlocks, c.ErrorWhenFull = r.yes("-Z"), r.yes("--errorwhenfull")
	return c, nil
}
