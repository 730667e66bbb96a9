package lvm

import (
	"slices"
	"strings"
)

// TagVG adds tags to the VG and takes others away. A tag that is in both stays,
// as with lvm2; that one is there already, or is not, is no error.
type TagVG struct{ Add, Remove []string }

// TagPV is [TagVG] for a PV, where a tag that is in both goes.
type TagPV struct {
	PV          ID
	Add, Remove []string
}

// TagLV is [TagVG] for an LV, where a tag that is in both goes.
type TagLV struct {
	Name        string
	Add, Remove []string
}

func (op TagVG) about(vg *VG) (string, string) { return "tag VG", vg.Name }

func (op TagVG) apply(b *Batch) (string, error) {
	tags, err := changeTags(b.vg.Tags, nil, op.Remove)
	if err == nil {
		tags, err = changeTags(tags, op.Add, nil)
	}
	if err != nil {
		return "", err
	}
	b.vg.Tags = tags
	return b.vg.Name, nil
}

func (op TagPV) about(*VG) (string, string) { return "tag PV", op.PV.String() }

func (op TagPV) apply(b *Batch) (string, error) {
	i, err := b.findPV(op.PV)
	if err != nil {
		return "", err
	}
	tags, err := changeTags(b.pvs[i].Tags, op.Add, op.Remove)
	if err != nil {
		return "", err
	}
	b.editPV(i).Tags = tags
	return b.pvs[i].Device, nil
}

func (op TagLV) about(vg *VG) (string, string) { return "tag LV", vg.Name + "/" + op.Name }

func (op TagLV) apply(b *Batch) (string, error) {
	m, err := b.find(op.Name)
	if err != nil {
		return "", err
	}
	if err := b.markable(m); err != nil {
		return "", err
	}
	tags, err := changeTags(m.lv.Tags, op.Add, op.Remove)
	if err != nil {
		return "", err
	}
	b.edit(m).Tags = tags
	return op.Name, nil
}

// changeTags returns new tags; the ones given are never written to.
func changeTags(tags, add, remove []string) ([]string, error) {
	for i, tag := range slices.Concat(add, remove) {
		if tag = strings.TrimPrefix(tag, "@"); i >= len(add) && len(tag) > maxTag {
			continue // lvm2 takes longer ones than its manual says, and they must go again
		}
		if err := CheckTag(tag); err != nil {
			return nil, &OpError{Err: err}
		}
	}
	tags = slices.Clone(tags)
	for _, tag := range add {
		tags = addTag(tags, tag)
	}
	for _, tag := range remove {
		tag = strings.TrimPrefix(tag, "@")
		tags = slices.DeleteFunc(tags, func(t string) bool { return t == tag })
	}
	if len(tags) == 0 {
		return nil, nil
	}
	return tags, nil
}

// addTag adds a tag behind the others, unless it is there. An @ in front is how
// command lines tell tags from names.
func addTag(tags []string, tag string) []string {
	tag = strings.TrimPrefix(tag, "@")
	if slices.Contains(tags, tag) {
		return tags
	}
	return append(tags, tag)
}
