package store

import "context"

// Versioned is what a [Bucket] may have, too, that keeps what objects were before they were put again: bytes that nobody reads.
type Versioned interface {
	// DeleteSuperseded removes what the objects that are there were before, of those whose keys begin with prefix, and returns how much
	// that was. The objects stay as they are, whoever puts or deletes them meanwhile.
	DeleteSuperseded(ctx context.Context, prefix string) (Amount, error)
}

// superseded frees what objects were before.
func (g *collector) superseded(ctx context.Context, prefix string) error {
	b, ok := g.bucket.(Versioned)
	if !ok {
		return nil
	}
	if err := g.step(ctx); err != nil {
		return err
	}
	freed, err := b.DeleteSuperseded(ctx, prefix)
	g.c.Freed.Objects += freed.Objects
	g.c.Freed.Bytes += freed.Bytes
	return err
}
