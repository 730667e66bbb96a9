package pool

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/rok-storage/rok/conf"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// Policy says what is to become of a pool as it fills. The zero value, as no
// policy at all, lets it fill.
type Policy struct {
	Data, Metadata Growth
	// Reserve is how much must be left for what is there already: a share of the
	// pool's data, or a size. Where less is free, and cannot be added, new volumes
	// and snapshots are refused. Zero: they are where nothing is left.
	Reserve conf.Amount
	// WhenFull is what happens when nothing is left.
	WhenFull WhenFull
	// Drop names the snapshots that [DropSnapshots] may remove: names with the
	// wildcards of [path.Match], and tags behind an @.
	Drop []string
	// Hook is a command for the shell, run at each event; empty: none.
	Hook string
}

// Growth says when a pool's data, or its metadata, is made larger, and by how
// much.
type Growth struct {
	// High is the share in percent from which on it is. Zero: it never is.
	High int
	// Step is how much it gets at once, several times where that is not enough: a
	// share of what it has, or a size, rounded up to extents.
	Step conf.Amount
	// Limit is the size that it may get. Zero: what the VG has, and the kernel
	// takes.
	Limit units.Bytes
}

// WhenFull is what a pool does when nothing is left to make it larger with.
type WhenFull string

const (
	// LeaveAsIs leaves it to how the pool was made.
	LeaveAsIs WhenFull = ""
	// QueueWrites has writes wait that need a block: for space, or until the
	// kernel's no_space_timeout ends.
	QueueWrites WhenFull = "queue"
	// FailWrites fails them at once.
	FailWrites WhenFull = "error"
	// DropSnapshots removes snapshots, the oldest first, as long as less is free
	// than the reserve; without one, when nothing is.
	DropSnapshots WhenFull = "drop"
)

// sectionPrefix begins the names of sections of pools.
const sectionPrefix = "pool."

// SectionName is the section of a pool's policy: "pool.VG/POOL".
func SectionName(vg, pool string) string { return sectionPrefix + vg + "/" + pool }

// Policies are those of a configuration, by "VG/POOL". The error is of all that is
// wrong in the sections of pools, joined; then there are none.
func Policies(f *conf.File) (map[string]*Policy, error) {
	policies := map[string]*Policy{}
	var errs []error
	for _, name := range f.Sections() {
		pool, ok := strings.CutPrefix(name, sectionPrefix)
		if !ok {
			continue
		}
		s := f.Section(name)
		vg, lv, both := strings.Cut(pool, "/")
		err := cmp.Or(lvm.CheckVGName(vg), lvm.CheckLVName(lv))
		if !both {
			err = fmt.Errorf("want [pool.VG/POOL]: %w", conf.ErrSyntax)
		}
		if err != nil {
			errs = append(errs, s.Error("", err))
			continue
		}
		p, err := ReadPolicy(s)
		errs = append(errs, err)
		policies[pool] = p
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return policies, nil
}

// ReadPolicy reads a section. What it does not say is a mark of 80 % for data and
// of 70 % for metadata, and a step of 20 % for both.
func ReadPolicy(s *conf.Section) (*Policy, error) {
	r, d := s.Reader(), defaultPolicy()
	p := &Policy{
		Data:     readGrowth(r, "data", d.Data),
		Metadata: readGrowth(r, "metadata", d.Metadata),
		Reserve:  r.Amount("reserve", conf.Amount{}),
		WhenFull: WhenFull(r.Choice("when_full", "", string(QueueWrites), string(FailWrites), string(DropSnapshots))),
		Drop:     r.Words("drop_snapshots"),
		Hook:     r.Text("hook", ""),
	}
	if drops := p.WhenFull == DropSnapshots; drops != (len(p.Drop) > 0) {
		if drops {
			r.Fail("when_full", "drop_snapshots must say which")
		} else {
			r.Fail("drop_snapshots", "when_full must be drop")
		}
	}
	for _, pattern := range p.Drop {
		if _, err := path.Match(pattern, ""); err != nil || strings.Trim(pattern, "@*") == "" {
			r.Fail("drop_snapshots", "%q is neither a name, perhaps with wildcards, nor @TAG", pattern)
		}
	}
	return p, r.Err()
}

// defaultPolicy is what a section says that says nothing.
func defaultPolicy() *Policy {
	step := conf.Amount{Percent: 20}
	return &Policy{Data: Growth{High: 80, Step: step}, Metadata: Growth{High: 70, Step: step}}
}

func readGrowth(r *conf.Reader, of string, otherwise Growth) Growth {
	g := Growth{
		High:  r.Percent(of+"_high", otherwise.High),
		Step:  r.Amount(of+"_step", otherwise.Step),
		Limit: r.Size(of+"_limit", 0),
	}
	if g.Step.IsZero() {
		r.Fail(of+"_step", "%s_high = 0%% is how it never grows", of)
	}
	return g
}

// drops reports whether a snapshot may be dropped.
func (p *Policy) drops(v *Volume) bool {
	for _, pattern := range p.Drop {
		if tag, ok := strings.CutPrefix(pattern, "@"); ok {
			if slices.Contains(v.Tags, tag) {
				return true
			}
			continue
		}
		if match, err := path.Match(pattern, v.Name); match && err == nil {
			return true
		}
	}
	return false
}
