package metadata

import (
	"context"
	"fmt"
)

// device is a thin device as one of the two trees knows it.
type device struct {
	id     uint64
	mapped uint64
	bad    bool // mapped is not all there is
}

// trees walks the mapping and details trees of sb and compares them. live tells
// the pool's own from those of a held root.
func (c *checker) trees(ctx context.Context, sb Superblock, live bool) error {
	details, detailsOK, err := c.details(ctx, sb)
	if err != nil {
		return err
	}
	mapped, mappedOK, err := c.mappings(ctx, sb)
	if err != nil {
		return err
	}
	if live {
		c.report.Devices = uint64(len(mapped))
		for _, d := range mapped {
			c.report.Mappings += d.mapped
		}
	}
	c.join(sb, details, mapped, detailsOK, mappedOK)
	return nil
}

// root counts the superblock's pointer to the root of a tree and walks it. ok
// is false where some of it could not be read.
func (c *checker) root(ctx context.Context, w *walk, sb Superblock, root uint64) (ok bool, err error) {
	if !c.reference(root) {
		what := "root of the " + w.kind.String() + "s"
		w.fault(corrupt(sb.Block, "superblock", what, "a metadata block", root), NewRange(0, ^uint64(0)))
		return false, nil
	}
	state, err := w.tree(ctx, root)
	return !state.bad, err
}

func (c *checker) details(ctx context.Context, sb Superblock) (list []device, ok bool, err error) {
	w := &walk{check: c, kind: detailsNode, valueSize: deviceDetailSize, again: true, scope: scopeDevices}
	w.leaf = func(_ context.Context, n node, _ bool) error {
		for i := range n.entries {
			id := n.key(i)
			if id > MaxDeviceID {
				w.fault(corrupt(w.block(), w.kind.String(), "device id", fmt.Sprintf("at most %d", MaxDeviceID), id), NewRange(id, id))
			}
			list = append(list, device{id: id, mapped: decodeDeviceDetail(n.value(i)).MappedBlocks})
		}
		return nil
	}
	ok, err = c.root(ctx, w, sb, sb.DetailsRoot)
	return list, ok, err
}

func (c *checker) mappings(ctx context.Context, sb Superblock) (list []device, ok bool, err error) {
	var id uint64
	bottom := &walk{check: c, kind: mappingNode, valueSize: keySize}
	bottom.scope = func(e *CorruptError, keys Range) { e.Devices, e.Blocks = NewRange(id, id), keys }
	bottom.leaf = func(_ context.Context, n node, _ bool) error {
		for i := range n.entries {
			to := UnpackBlockTime(n.value64(i)).Block
			if to < c.data.root.Blocks {
				c.data.reference(to)
				continue
			}
			key := n.key(i)
			bottom.fault(corrupt(bottom.block(), bottom.kind.String(), "data block",
				fmt.Sprintf("less than %d", c.data.root.Blocks), to), NewRange(key, key))
		}
		return nil
	}
	top := &walk{check: c, kind: topNode, valueSize: keySize, again: true, scope: scopeDevices}
	top.leaf = func(ctx context.Context, n node, fresh bool) error {
		for i := range n.entries {
			id = n.key(i)
			root := n.value64(i)
			if fresh && !c.reference(root) {
				what := fmt.Sprintf("root of device %d", id)
				top.fault(corrupt(top.block(), top.kind.String(), what, "a metadata block", root), NewRange(id, id))
				list = append(list, device{id: id, bad: true})
				continue
			}
			if c.quick {
				list = append(list, device{id: id, bad: true})
				continue
			}
			state, err := bottom.tree(ctx, root)
			if err != nil {
				return err
			}
			list = append(list, device{id: id, mapped: uint64(state.entries), bad: state.bad})
		}
		return nil
	}
	ok, err = c.root(ctx, top, sb, sb.MappingRoot)
	return list, ok, err
}

func scopeDevices(e *CorruptError, keys Range) { e.Devices = keys }

// join compares what the two trees say, both in the order of their ids. A tree
// that is not whole may lack any device.
func (c *checker) join(sb Superblock, details, mapped []device, detailsOK, mappedOK bool) {
	missing := func(id, root uint64, record string) {
		e := corrupt(root, record, fmt.Sprintf("device %d", id), "present", "missing")
		e.Devices = NewRange(id, id)
		c.report.fault(e)
	}
	for len(details) > 0 || len(mapped) > 0 {
		switch {
		case len(mapped) == 0 || len(details) > 0 && details[0].id < mapped[0].id:
			if mappedOK {
				missing(details[0].id, sb.MappingRoot, topNode.String())
			}
			details = details[1:]
		case len(details) == 0 || mapped[0].id < details[0].id:
			if detailsOK {
				missing(mapped[0].id, sb.DetailsRoot, detailsNode.String())
			}
			mapped = mapped[1:]
		default:
			d, m := details[0], mapped[0]
			if d.mapped != m.mapped && !m.bad {
				e := corrupt(sb.DetailsRoot, detailsNode.String(), "mapped blocks", m.mapped, d.mapped)
				e.Devices = NewRange(d.id, d.id)
				c.report.fault(e)
			}
			details, mapped = details[1:], mapped[1:]
		}
	}
}
