package composer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/rok-storage/rok/maps"
)

// blocks looks whether all blocks are there, shard by shard, and reads those that are to be read.
func (v *verifying) blocks(ctx context.Context) error {
	if err := v.read(ctx, v.state.again()); err != nil {
		return err
	}
	v.result.Read = 0 // those are among what a former run read
	for shard := range 256 {
		v.step(shard)
		all, err := v.ids.blocks(shard)
		if err != nil {
			return err
		}
		v.result.Blocks += int64(len(all))
		if len(all) == 0 {
			continue
		}
		there, err := v.present(ctx, shard, all)
		if err != nil {
			return err
		}
		if v.state.has(shard) {
			v.result.Resumed += int64(len(there))
			continue
		}
		if err := v.read(ctx, there); err != nil {
			return err
		}
		if err := v.state.done(shard, v.bad); err != nil {
			return err
		}
	}
	v.step(256)
	return nil
}

// present are the blocks of a shard that the store has.
func (v *verifying) present(ctx context.Context, shard int, all []blockName) ([]blockName, error) {
	next, stop := iter.Pull2(v.st.Names(ctx, maps.Block, byte(shard)))
	defer stop()
	name, err, more := next()
	var there []blockName
	for _, b := range all {
		for more && err == nil && bytes.Compare(name[:], b.name[:]) < 0 {
			name, err, more = next()
		}
		switch {
		case err != nil:
			return nil, err
		case more && name == b.name:
			there = append(there, b)
		default:
			v.found(maps.Block, b.id, fmt.Errorf("block %s: %w", b.id, maps.ErrMissing))
		}
	}
	return there, nil
}

// read reads and hashes blocks: all, or a sample.
func (v *verifying) read(ctx context.Context, all []blockName) error {
	if !v.r.Deep && v.r.Sample <= 0 {
		return nil
	}
	chosen := func(yield func(blockName, error) bool) {
		for _, b := range all {
			if (v.r.Deep || v.random.Float64()*100 < v.r.Sample) && !yield(b, nil) {
				return
			}
		}
	}
	size := maps.MaxBlockSize
	if largest := v.largest(); largest > 0 {
		size = largest
	}
	type readBlock struct {
		id  maps.ID
		err error
	}
	for b, err := range inOrderWith(ctx, &v.spare, workersFor(v.r.Workers, size), size, chosen, func(ctx context.Context, b blockName, buf []byte) (readBlock, error) {
		n, err := v.st.Get(ctx, maps.Block, b.id, buf)
		if err == nil && v.st.Settings().Hash.Sum(buf[:n]) != b.id {
			err = fmt.Errorf("block %s has another hash: %w", b.id, maps.ErrCorrupt)
		}
		if err != nil && !damaged(err) {
			return readBlock{}, err
		}
		return readBlock{b.id, err}, nil
	}) {
		if err != nil {
			return err
		}
		v.result.Read++
		if b.err != nil {
			v.found(maps.Block, b.id, b.err)
		}
	}
	return nil
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
		m, _, err := v.st.OpenMap(ctx, one.Name)
		if damaged(err) { // removed or damaged meanwhile
			continue
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
			if err := v.bad[maps.Object{Kind: o.Kind, ID: o.ID}]; err != nil {
				hurt(o.Kind, o.ID, blockRange(m.Shape, o.Block), err)
			}
		}
	}
	for _, b := range found {
		v.result.Bad = append(v.result.Bad, *b)
	}
	v.result.More = v.more
	sortBad(v.result.Bad)
	return nil
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
