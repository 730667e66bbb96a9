package maps

import "context"

// chainWriter writes the pages of a flat v4 map.
type chainWriter struct {
	store Putter
	hash  Hash
	page  page
	last  ID
	buf   []byte
}

func newChainWriter(store Putter, s Shape) *chainWriter {
	return &chainWriter{store: store, hash: s.Hash, page: page{ids: make([]ID, pageWidth)}}
}

func (w *chainWriter) add(ctx context.Context, index uint64, id ID) error {
	if w.page.used && w.page.number != index/pageWidth {
		if err := w.flush(ctx); err != nil {
			return err
		}
	}
	w.page.put(index, id)
	return nil
}

func (w *chainWriter) flush(ctx context.Context) (err error) {
	w.buf = appendPage(w.buf[:0], w.page.number, w.last, w.page.ids)
	w.last, err = put(ctx, w.store, w.hash, w.page.number*pageWidth, w.buf)
	w.page.clear()
	return err
}

func (w *chainWriter) finish(ctx context.Context) (ID, error) {
	if w.page.used {
		if err := w.flush(ctx); err != nil {
			return ID{}, err
		}
	}
	return w.last, nil
}
