package store

import (
	"context"
	"slices"

	"github.com/rok-storage/rok/maps"
)

// sweepBatch is how many objects are deleted at once, as S3 does.
const sweepBatch = 1000

// sweep deletes what is condemned and still not live; then the lists. No session counts
// on what it deletes, and none will: a later one takes it for absent, and puts it under another key.
func (g *collector) sweep(ctx context.Context) error {
	bad, err := g.badNames(ctx)
	if err != nil {
		return err
	}
	var lists []string
	err = eachShard(func(kind maps.Kind, shard byte) error {
		if err := g.step(ctx); err != nil {
			return err
		}
		list, err := g.condemned(ctx, g.state.Number, kind, shard)
		if err != nil || list == nil {
			return err
		}
		lists = append(lists, condemnedKey(g.state.Number, kind, shard))
		live, err := g.mark.live.names(kind, shard)
		if err != nil {
			return err
		}
		return g.sweepShard(ctx, kind, list, live, bad)
	})
	if err != nil {
		return err
	}
	return g.delete(ctx, lists)
}

func (g *collector) sweepShard(ctx context.Context, kind maps.Kind, list condemned, live []maps.ID, bad map[nameKey]bool) error {
	var keys []string
	var freed Amount
	flush := func() error {
		if err := g.delete(ctx, keys); err != nil {
			return err
		}
		g.c.Freed.Objects += freed.Objects
		g.c.Freed.Bytes += freed.Bytes
		keys, freed = keys[:0], Amount{}
		g.report()
		return nil
	}
	for i := range list.len() {
		o := list.at(i)
		_, needed := slices.BinarySearchFunc(live, o.name, compareNames)
		if needed && (!o.spare || bad[nameKey{kind, o.name}]) {
			g.c.Rescued.add(o.size)
			continue
		}
		keys = append(keys, nameKey{kind, o.name}.copy(o.epoch).String())
		freed.add(o.size)
		if len(keys) == sweepBatch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// delete removes objects while the lock is held, in batches.
func (g *collector) delete(ctx context.Context, keys []string) error {
	for batch := range slices.Chunk(keys, sweepBatch) {
		if err := g.step(ctx); err != nil {
			return err
		}
		if err := g.bucket.Delete(ctx, batch...); err != nil {
			return g.unsure(err)
		}
	}
	return nil
}
