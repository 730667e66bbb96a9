package composer

import (
	"context"
	"errors"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/units"
)

// hurting is what bad objects hurt in one map.
type hurting struct {
	size   units.Bytes // the volume's
	bad    map[maps.Object]error
	ranges map[maps.Object][]maps.Range // the first of each object
}

func (h *hurting) add(o maps.Object, r maps.Range, err error) {
	h.bad[o] = err
	all := h.ranges[o]
	if n := len(all); n > 0 && end(all[n-1]) == r.Start {
		all[n-1].Length += r.Length
	} else if n < hurtKept {
		h.ranges[o] = append(all, r)
	}
}

// hurts finds what bad objects hurt, by walking all maps again. What no map needs by now, is not bad.
func (v *verifying) hurts(ctx context.Context) error {
	if len(v.bad) == 0 {
		return nil
	}
	found := map[maps.Object]*BadObject{}
	for i := range v.result.Maps {
		one := &v.result.Maps[i]
		if one.Header.BlockSize == 0 {
			continue
		}
		h, err := v.hurtsIn(ctx, one.Name)
		for n := 1; n < tries && errors.Is(err, store.ErrChanged); n++ {
			h, err = v.hurtsIn(ctx, one.Name)
		}
		switch {
		case damaged(err): // removed or damaged meanwhile
			continue
		case errors.Is(err, store.ErrChanged):
			one.Note = notVerified
			continue
		case err != nil:
			return err
		}
		for o, ranges := range h.ranges {
			b := found[o]
			if b == nil {
				b = &BadObject{Kind: o.Kind, ID: o.ID, Err: h.bad[o]}
				found[o] = b
			}
			for _, r := range ranges[:min(len(ranges), hurtKept-len(b.Hurts))] {
				b.Hurts = append(b.Hurts, Hurt{one.Name, r})
			}
			one.Damaged = append(one.Damaged, ranges...)
		}
		one.Damaged = merged(one.Damaged, h.size)
		one.Damaged = one.Damaged[:min(len(one.Damaged), hurtKept)]
	}
	for _, b := range found {
		v.result.Bad = append(v.result.Bad, *b)
	}
	v.result.More = v.more
	sortBad(v.result.Bad)
	return nil
}

// hurtsIn walks one map. Errors match [store.ErrChanged] where it is changed meanwhile.
func (v *verifying) hurtsIn(ctx context.Context, name string) (*hurting, error) {
	m, info, err := v.st.OpenMap(ctx, name)
	if err != nil {
		return nil, err
	}
	h := &hurting{bad: map[maps.Object]error{}, ranges: map[maps.Object][]maps.Range{}, size: m.Size}
	lost := func(d damage) {
		if !d.id.IsZero() {
			h.add(maps.Object{Kind: maps.Node, ID: d.id}, rangeOf(m.Shape, d.first, d.blocks), d.err)
		}
	}
	for o, err := range objects(ctx, v.st.Reading(info), m, nil, lost) {
		if err != nil {
			return nil, err
		}
		if err := v.bad[maps.Object{Kind: o.Kind, ID: o.ID}]; o.Kind == maps.Block && err != nil {
			h.add(maps.Object{Kind: o.Kind, ID: o.ID}, blockRange(m.Shape, o.Block), err)
		}
	}
	if info.Version == v.versions[name] { // it was there when its blocks were looked for
		return h, nil
	}
	buf := make([]byte, m.BlockSize)
	for o := range h.bad {
		if o.Kind != maps.Block {
			continue
		}
		_, err := v.st.Reading(info).Get(ctx, o.Kind, o.ID, buf)
		switch {
		case err == nil: // it was put since
			delete(h.bad, o)
			delete(h.ranges, o)
		case damaged(err):
			h.bad[o] = err
		default:
			return nil, err
		}
	}
	return h, nil
}

// mark marks what is bad. A mark that is there stays, until the content is put again.
func (v *verifying) mark(ctx context.Context) error {
	if v.r.NoMarks {
		return nil
	}
	var failed []error
	for _, b := range v.result.Bad {
		failed = append(failed, v.st.MarkBad(ctx, b.Kind, b.ID))
	}
	return errors.Join(failed...)
}
