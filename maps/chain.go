package maps

import (
	"context"
	"encoding/binary"
	"fmt"
)

// A flat v4 map is a chain of pages, each of which has the id of the one before it:
// so it is written in order, and maps with equal beginnings share those pages.

const (
	magicPage      = "RKP4"
	pageHeaderSize = 4 + 8 + IDSize
)

func appendPage(dst []byte, number uint64, before ID, ids []ID) []byte {
	dst = append(dst, magicPage...)
	dst = binary.BigEndian.AppendUint64(dst, number)
	dst = append(dst, before[:]...)
	return appendGroup(dst, ids)
}

// parsePage reads a page of a volume of so many blocks, and what is before it.
func parsePage(ids []ID, b []byte, blocks uint64) (number uint64, before ID, _ *CorruptError) {
	if len(b) < pageHeaderSize {
		return 0, ID{}, fault("length", fmt.Sprint("at least ", pageHeaderSize), len(b))
	}
	if found := string(b[:4]); found != magicPage {
		return 0, ID{}, fault("magic", magicPage, fmt.Sprintf("%q", found))
	}
	number = binary.BigEndian.Uint64(b[4:])
	if pages := (blocks + pageWidth - 1) / pageWidth; number >= pages {
		return 0, ID{}, fault("number", fmt.Sprint("below ", pages), number)
	}
	copy(before[:], b[12:])
	if number == 0 && !before.IsZero() {
		return 0, ID{}, fault("page before", "none before page 0", before)
	}
	return number, before, parseGroup(ids, b[pageHeaderSize:], blocks-number*pageWidth)
}

// chainReader reads the pages of one flat v4 map.
type chainReader struct {
	ctx   context.Context
	store Getter
	h     Header
	ids   []ID
	buf   []byte
}

// chainPage says which object a page is.
type chainPage struct {
	number uint64
	id     ID
}

func newChainReader(ctx context.Context, store Getter, h Header) *chainReader {
	return &chainReader{ctx, store, h, make([]ID, pageWidth), make([]byte, pageHeaderSize+groupSize(pageWidth))}
}

// load reads a page, whose number is below limit, into r.ids.
func (r *chainReader) load(id ID, limit uint64) (number uint64, before ID, err error) {
	if err := r.ctx.Err(); err != nil {
		return 0, ID{}, err
	}
	b, err := object(r.ctx, r.store, r.h.Hash, "page", id, 0, r.buf)
	if err != nil {
		return 0, ID{}, err
	}
	number, before, fault := parsePage(r.ids, b, r.h.Blocks())
	if fault != nil {
		return 0, ID{}, fault.in("page", id, number*pageWidth, 0)
	}
	if number >= limit {
		return 0, ID{}, outOfChain(id, number, limit)
	}
	return number, before, nil
}

func outOfChain(id ID, number, limit uint64) error {
	return fault("order of pages", fmt.Sprint("a number below ", limit), number).in("page", id, number*pageWidth, 0)
}

// index follows the chain from its end, and returns the pages in order. Since numbers
// descend there is no cycle.
func (r *chainReader) index() ([]chainPage, error) {
	var pages []chainPage
	total := uint64(0)
	for id, limit := r.h.Body, r.h.Blocks(); !id.IsZero(); {
		number, before, err := r.load(id, limit)
		if err != nil {
			return nil, err
		}
		for i := range r.ids {
			if !r.ids[i].IsZero() {
				total++
			}
		}
		pages = append(pages, chainPage{number, id})
		id, limit = before, number
	}
	if total != r.h.NonZero {
		return nil, fault("blocks that are not zero", total, r.h.NonZero).in("header", ID{}, 0, 0)
	}
	for i, j := 0, len(pages)-1; i < j; i, j = i+1, j-1 {
		pages[i], pages[j] = pages[j], pages[i]
	}
	return pages, nil
}

// walkChain reads the chain twice: from its end for the order, then in order.
func walkChain(ctx context.Context, store Getter, h Header, each func(uint64, []ID) error) error {
	r := newChainReader(ctx, store, h)
	pages, err := r.index()
	if err != nil {
		return err
	}
	for _, p := range pages {
		if _, _, err := r.load(p.id, p.number+1); err != nil {
			return err
		}
		if err := each(p.number*pageWidth, r.ids); err != nil {
			return err
		}
	}
	return nil
}
