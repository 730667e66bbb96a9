package composer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/rok-storage/rok/maps"
)

// sameVolume compares two maps of one store block by block, both as a whole: also what they share is read, and found to
// be sound. An error that matches [ErrTwin] says where they differ.
func sameVolume(ctx context.Context, storeA maps.Getter, a *maps.Map, storeB maps.Getter, b *maps.Map) error {
	if a.Size != b.Size || a.BlockSize != b.BlockSize || a.Hash != b.Hash {
		return fmt.Errorf("%s in blocks of %s by %s, and %s in blocks of %s by %s: %w", a.Size, a.BlockSize, a.Hash, b.Size, b.BlockSize, b.Hash, ErrTwin)
	}
	if a.NonZero != b.NonZero {
		return fmt.Errorf("%d blocks that are not zeros, and %d: %w", a.NonZero, b.NonZero, ErrTwin)
	}
	for d, err := range maps.Diff(ctx, storeA, a, storeB, b) {
		if err != nil {
			return err
		}
		return fmt.Errorf("block %d: %s and %s: %w", d.Index, d.A, d.B, ErrTwin)
	}
	return nil
}

// sameBytes compares what two readers have.
func sameBytes(a io.ReaderAt, sizeA int64, b io.ReaderAt, sizeB int64) (bool, error) {
	if sizeA != sizeB {
		return false, nil
	}
	left, right := make([]byte, 64<<10), make([]byte, 64<<10)
	for at := int64(0); at < sizeA; at += int64(len(left)) {
		n := min(int64(len(left)), sizeA-at)
		for _, side := range []struct {
			r io.ReaderAt
			b []byte
		}{{a, left[:n]}, {b, right[:n]}} {
			if m, err := side.r.ReadAt(side.b, at); int64(m) < n {
				if errors.Is(err, io.EOF) {
					err = io.ErrUnexpectedEOF
				}
				return false, err
			}
		}
		if !slices.Equal(left[:n], right[:n]) {
			return false, nil
		}
	}
	return true, nil
}
