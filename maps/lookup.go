package maps

import (
	"context"
	"slices"
)

// lookup finds the id of any block. It keeps the last page, or the last node of each
// level, so that blocks in order cost little. It belongs to one goroutine.
type lookup struct {
	m     *Map
	flat  []flatPage // of a v3 map
	chain []chainPage
	pages *chainReader
	tree  *treeReader
	ids   []ID   // of the page at hand
	at    uint64 // its number, where ids are valid
	valid bool
	buf   []byte

	levels []node
	pos    []uint64 // which node each level has
	loaded []ID     // its id, or zero
}

// newLookup reads all of a flat map, for where its pages are: at most 40 bytes of
// memory for each.
func newLookup(ctx context.Context, store Getter, m *Map) (*lookup, error) {
	l := &lookup{m: m}
	switch {
	case m.Version == 3:
		l.ids, l.buf = make([]ID, pageWidth), make([]byte, groupSize(pageWidth))
		return l, m.walkPages(ctx, func(p flatPage, _ []ID) error {
			l.flat = append(l.flat, p)
			return nil
		})
	case m.Degree == 0:
		var err error
		l.pages = newChainReader(ctx, store, m.Header)
		l.ids = l.pages.ids
		l.chain, err = l.pages.index()
		return l, err
	}
	h := m.Height()
	l.tree, l.levels = newTreeReader(ctx, store, m.Shape), newLevels(h, m.Degree)
	l.pos, l.loaded = make([]uint64, h), make([]ID, h)
	return l, nil
}

// id is that of one block, which the volume has.
func (l *lookup) id(index uint64) (ID, error) {
	if l.m.Degree != 0 {
		return l.inTree(index)
	}
	number := index / pageWidth
	if !l.valid || l.at != number {
		found, err := l.load(number)
		if l.valid = found && err == nil; !l.valid {
			return ID{}, err
		}
		l.at = number
	}
	return l.ids[index%pageWidth], nil
}

// load reads a page of a flat map, where there is one.
func (l *lookup) load(number uint64) (bool, error) {
	if l.m.Version == 3 {
		i, ok := slices.BinarySearchFunc(l.flat, number, func(p flatPage, n uint64) int { return compare(p.number, n) })
		if !ok {
			return false, nil
		}
		return true, l.m.readPage(l.flat[i], l.ids, l.buf)
	}
	i, ok := slices.BinarySearchFunc(l.chain, number, func(p chainPage, n uint64) int { return compare(p.number, n) })
	if !ok {
		return false, nil
	}
	_, _, err := l.pages.load(l.chain[i].id, number+1)
	return true, err
}

func compare(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (l *lookup) inTree(index uint64) (ID, error) {
	id := l.m.Body
	for level := len(l.levels) - 1; level >= 0; level-- {
		if id.IsZero() {
			return ID{}, nil
		}
		n, pos := &l.levels[level], index>>(l.m.degreeShift()*(level+1))
		if l.loaded[level] != id || l.pos[level] != pos {
			l.loaded[level] = ID{}
			if err := l.tree.load(n, pos, id); err != nil {
				return ID{}, err
			}
			l.loaded[level], l.pos[level] = id, pos
		}
		id = n.ids[index>>(l.m.degreeShift()*level)&uint64(l.m.Degree-1)]
	}
	return id, nil
}
