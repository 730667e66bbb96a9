package metadata

// blockTable holds a T for each metadata block in use, in pages made at first use.
type blockTable[T any] struct {
	pages []*[tablePage]T
}

const tablePage = 256

func newBlockTable[T any](blocks uint64) *blockTable[T] {
	return &blockTable[T]{make([]*[tablePage]T, (blocks+tablePage-1)/tablePage)}
}

// at returns what there is of block, to be read or changed.
func (t *blockTable[T]) at(block uint64) *T {
	page := t.pages[block/tablePage]
	if page == nil {
		page = new([tablePage]T)
		t.pages[block/tablePage] = page
	}
	return &page[block%tablePage]
}
