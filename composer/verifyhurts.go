package composer

import (
	"context"
	"errors"
	"slices"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
)

// hurts finds what bad objects hurt, by walking all maps again. What no map needs by now, is not bad.
func (v *verifying) hurts(ctx context.Context) error {
	if len(v.bad) == 0 {
		return nil
	}
	found := map[maps.Object]*BadObject{}
	for i := range v.result.Maps {
		err := store.ErrChanged
		for errors.Is(err, store.ErrChanged) { // it was replaced meanwhile: what it is now, counts
			v.result.Maps[i].Damaged = nil
			for _, b := range found {
				b.Hurts = slices.DeleteFunc(b.Hurts, func(h Hurt) bool { return h.Map == v.result.Maps[i].Name })
			}
			err = v.hurtsOf(ctx, &v.result.Maps[i], found)
		}
		if err != nil {
			return err
		}
	}
	for _, b := range found {
		if len(b.Hurts) > 0 {
			v.result.Bad = append(v.result.Bad, *b)
		}
	}
	v.result.More = v.more
	sortBad(v.result.Bad)
	return nil
}

// hurtsOf finds what bad objects hurt of one map.
func (v *verifying) hurtsOf(ctx context.Context, one *VerifiedMap, found map[maps.Object]*BadObject) error {
	if one.Header.BlockSize == 0 {
		return nil
	}
	m, _, err := v.st.OpenMap(ctx, one.Name)
	if damaged(err) { // removed or damaged meanwhile
		return nil
	}
	if err != nil {
		return err
	}
	hurt := func(kind maps.Kind, id maps.ID, r maps.Range, err error) {
		o := maps.Object{Kind: kind, ID: id}
		if found[o] == nil {
			found[o] = &BadObject{Kind: kind, ID: id, Err: err}
		}
		b := found[o]
		if n := len(b.Hurts); n > 0 && b.Hurts[n-1].Map == one.Name && end(b.Hurts[n-1].Range) == r.Start {
			b.Hurts[n-1].Length += r.Length
		} else if n < hurtKept {
			b.Hurts = append(b.Hurts, Hurt{one.Name, r})
		}
		if len(one.Damaged) < hurtKept {
			one.Damaged = merged(append(one.Damaged, r), m.Size)
		}
	}
	lost := func(d damage) {
		if !d.id.IsZero() {
			hurt(maps.Node, d.id, rangeOf(m.Shape, d.first, d.blocks), d.err)
		}
	}
	for o, err := range objects(ctx, v.st, m, nil, lost) {
		if err != nil {
			return err
		}
		bad, err := v.still(ctx, maps.Object{Kind: o.Kind, ID: o.ID})
		if err != nil {
			return err
		}
		if bad != nil {
			hurt(o.Kind, o.ID, blockRange(m.Shape, o.Block), bad)
		}
	}
	return nil
}

// still is why an object is bad, or nil. One that was found bad is read again, once: it may have been put again since.
func (v *verifying) still(ctx context.Context, o maps.Object) (bad, err error) {
	if v.bad[o] == nil || v.again[o] {
		return v.bad[o], nil
	}
	v.again[o] = true
	if v.reread == nil {
		v.reread = make([]byte, maps.MaxBlockSize)
	}
	err = v.sound(ctx, o, v.reread)
	switch {
	case err == nil:
		delete(v.bad, o)
	case !damaged(err):
		return nil, err
	}
	return v.bad[o], nil
}
