package store

import (
	"bytes"
	"context"
	"slices"

	"github.com/rok-storage/rok/maps"
)

// eachShard goes through the shards of blocks and nodes.
func eachShard(each func(kind maps.Kind, shard byte) error) error {
	for _, kind := range []maps.Kind{maps.Block, maps.Node} {
		for shard := range 256 {
			if err := each(kind, byte(shard)); err != nil {
				return err
			}
		}
	}
	return nil
}

// condemn writes the lists of an epoch: of what is there and not live. A dry run only counts.
func (g *collector) condemn(ctx context.Context, epoch uint64) error {
	g.c.Live, g.c.Missing, g.c.Foreign = Amount{}, 0, 0
	bad, err := g.badNames(ctx)
	if err != nil {
		return err
	}
	return eachShard(func(kind maps.Kind, shard byte) error {
		if err := g.step(ctx); err != nil {
			return err
		}
		if !g.o.DryRun {
			if err := g.superseded(ctx, shardPrefix(kind, shard)); err != nil {
				return err
			}
		}
		live, err := g.mark.live.names(kind, shard)
		if err != nil {
			return err
		}
		list, err := g.judge(ctx, kind, shard, live, bad)
		if err != nil || list.len() == 0 || g.o.DryRun {
			return err
		}
		_, err = g.bucket.Put(ctx, condemnedKey(epoch, kind, shard), bytes.NewReader(append([]byte(condemnedMagic), list...)), Condition{})
		return g.unsure(err)
	})
}

// judge compares what is there of a shard with what is live, both in order.
func (g *collector) judge(ctx context.Context, kind maps.Kind, shard byte, live []maps.ID, bad map[nameKey]bool) (condemned, error) {
	var list condemned
	var group []condemnedCopy // the copies of one name
	judged := func() {
		if len(group) == 0 {
			return
		}
		for len(live) > 0 && compareNames(live[0], group[0].name) < 0 {
			live = live[1:]
			g.c.Missing++
		}
		needed := len(live) > 0 && live[0] == group[0].name
		if needed {
			live = live[1:]
		}
		for _, o := range divide(group, needed, bad[nameKey{kind, group[0].name}]) {
			list = list.add(o)
			g.c.Condemned.add(o.size)
			group = slices.DeleteFunc(group, func(x condemnedCopy) bool { return x.epoch == o.epoch })
		}
		for _, o := range group {
			g.c.Live.add(o.size)
		}
		group = group[:0]
	}
	for info, err := range g.bucket.List(ctx, shardPrefix(kind, shard)) {
		if err != nil {
			return nil, err
		}
		name, epoch, ok := parseCopy(info.Key)
		if !ok {
			g.c.Foreign++
			continue
		}
		if len(group) > 0 && group[0].name != name {
			judged()
		}
		group = append(group, condemnedCopy{name: name, epoch: epoch, size: info.Size})
	}
	judged()
	g.c.Missing += int64(len(live))
	return list, nil
}

// divide returns those of an object's copies that are condemned, in the order of their epochs: all where no
// map needs it, else all but one: the first copy, which readers find at once, or the latest. Of one that was found
// damaged, all that there is may be needed.
func divide(copies []condemnedCopy, needed, bad bool) []condemnedCopy {
	copies = slices.Clone(copies)
	slices.SortFunc(copies, func(a, b condemnedCopy) int {
		if a.epoch < b.epoch {
			return -1
		}
		return 1
	})
	switch {
	case !needed:
		return copies
	case bad:
		return nil
	case copies[0].epoch == 0:
		copies = copies[1:]
	default:
		copies = copies[:len(copies)-1]
	}
	for i := range copies {
		copies[i].spare = true
	}
	return copies
}

func (g *collector) badNames(ctx context.Context) (map[nameKey]bool, error) {
	bad := map[nameKey]bool{}
	for b, err := range g.Bad(ctx) {
		if err != nil {
			return nil, err
		}
		bad[nameKey{b.Kind, b.Name}] = true
	}
	return bad, nil
}
