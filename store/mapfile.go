package store

import "io"

// Size is the number of bytes. With ReadAt it makes a MapFile a [Body].
func (f *MapFile) Size() int64 { return f.MapInfo.Size }

// ReadAt reads as io.ReaderAt says.
func (f *MapFile) ReadAt(p []byte, off int64) (int, error) {
	n, info, err := f.store.bucket.Get(f.ctx, "map/"+f.Name, off, p)
	switch {
	case err != nil:
		return 0, err
	case info.Version != f.Version:
		return 0, &Error{Op: "get", Address: f.store.Address(), Key: "map/" + f.Name, Err: ErrChanged}
	case n < len(p):
		return n, io.EOF
	}
	return n, nil
}
