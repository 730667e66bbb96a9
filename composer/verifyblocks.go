package composer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
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
	if v.largest > 0 {
		size = v.largest
	}
	type readBlock struct {
		id  maps.ID
		err error
	}
	for b, err := range inOrderWith(ctx, &v.spare, workersFor(v.r.Workers, size), size, chosen, func(ctx context.Context, b blockName, buf []byte) (readBlock, error) {
		err := v.sound(ctx, b.id, buf)
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

// sound reads and hashes a block. Errors match [maps.ErrCorrupt] or [maps.ErrMissing] where it is none.
func (v *verifying) sound(ctx context.Context, id maps.ID, buf []byte) error {
	n, err := v.st.Get(ctx, maps.Block, id, buf)
	switch {
	case errors.Is(err, io.ErrShortBuffer):
		return fmt.Errorf("block %s has more than %d bytes: %w", id, len(buf), maps.ErrCorrupt)
	case err == nil && v.st.Settings().Hash.Sum(buf[:n]) != id:
		return fmt.Errorf("block %s has another hash: %w", id, maps.ErrCorrupt)
	}
	return err
}
