package lvm

import (
	"slices"
	"strings"

	"github.com/rok-storage/rok/lvm/text"
)

// RenameLV gives an LV another name. The parts of a thin pool, which are called
// after it, and all that refers to it follow.
type RenameLV struct{ Name, To string }

func (op RenameLV) about(vg *VG) (string, string) { return "rename LV", vg.Name + "/" + op.Name }

func (op RenameLV) apply(b *Batch) (string, error) {
	m, err := b.find(op.Name)
	if err != nil {
		return "", err
	}
	if err := b.complete(); err != nil {
		return "", err
	}
	if op.Name == op.To {
		return "", refuse(ErrUnchanged, "the names are the same")
	}
	if err := CheckLVName(op.To); err != nil {
		return "", &OpError{Err: err}
	}
	if err := b.renamable(m); err != nil {
		return "", err
	}
	if err := b.free(op.To); err != nil {
		return "", err
	}
	parts, err := b.partNames(m, op.To)
	if err != nil {
		return "", err
	}
	b.rename(m, op.To)
	for _, p := range parts {
		b.rename(p.m, p.to)
	}
	return op.To, nil
}

// renamable refuses what lvm2 names itself, and what rok does not understand.
func (b *Batch) renamable(m *member) error {
	if err := b.notHeld(m); err != nil {
		return err
	}
	if err := b.settled(m); err != nil {
		return err
	}
	if !m.lv.Visible() && b.pairOf(m.lv.Name) == nil {
		return refuse(ErrInUse, "it is a part of another LV")
	}
	if b.inHistory(m.lv.Name) {
		return refuse(ErrNotSupported, "historical LVs refer to it")
	}
	return nil
}

// part is a part of an LV that is to be renamed.
type part struct {
	m  *member
	to string
}

// partNames returns the new names of m's parts: those that begin with its name
// and an underscore.
func (b *Batch) partNames(m *member, to string) ([]part, error) {
	var parts []part
	var err error
	eachLink(m.lv, func(name string, as role) bool {
		rest, own := strings.CutPrefix(name, m.lv.Name+"_")
		p := b.names[name]
		if as != rolePoolData && as != rolePoolMetadata || !own || p == nil {
			return true
		}
		parts = append(parts, part{p, to + "_" + rest})
		err = b.free(to + "_" + rest)
		return err == nil
	})
	return parts, err
}

// inHistory reports whether the section of historical LVs, which rok keeps as
// it is, has the name.
func (b *Batch) inHistory(name string) (found bool) {
	for i := range b.vg.Unknown {
		eachHeldValues(b.vg.Unknown[i].Node.Nodes, func(_ *text.Node, values []text.Value) {
			found = found || slices.ContainsFunc(values, func(v text.Value) bool { return v.Text == name })
		})
	}
	return found
}
