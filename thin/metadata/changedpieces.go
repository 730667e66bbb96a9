package metadata

import "iter"

// changedPieces are where d is other than since.
func (t *Trees) changedPieces(d, since ThinDevice) iter.Seq2[extractPiece, error] {
	return func(yield func(extractPiece, error) bool) {
		for c, err := range t.Delta(since, d, DeltaOptions{}).Changes() {
			if !yield(extractPiece{c.Virtual, c.Right, c.Length, c.Kind != LeftOnly}, err) {
				return
			}
		}
	}
}
