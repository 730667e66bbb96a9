package metadata

import "iter"

func (t *Trees) changedPieces(d, since ThinDevice) iter.Seq2[extractPiece, error] { return t.pieces(d) }
