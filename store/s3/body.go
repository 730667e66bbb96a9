package s3

import (
	"io"
	"os"
	"sync"

	"github.com/rok-storage/rok/store"
)

// bodyReader reads a body for one request, and not beyond its end: net/http may go on reading
// when the request has failed already, and the body's bytes are the caller's again then.
type bodyReader struct {
	*io.SectionReader
	body store.Body

	mu    sync.Mutex
	ended bool
	err   error // of the body
}

func newBodyReader(body store.Body) *bodyReader {
	r := &bodyReader{body: body}
	r.SectionReader = io.NewSectionReader(guarded{r}, 0, body.Size())
	return r
}

// guarded is the body while the request lasts.
type guarded struct{ *bodyReader }

// ReadAt reads as io.ReaderAt says.
func (g guarded) ReadAt(p []byte, off int64) (int, error) {
	r := g.bodyReader
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return 0, os.ErrClosed
	}
	n, err := r.body.ReadAt(p, off)
	if err == io.EOF && n < len(p) { // a section of Size bytes asks for no more: the body is shorter than it said
		err = io.ErrUnexpectedEOF
	}
	if err != nil && err != io.EOF && r.err == nil {
		r.err = err
	}
	return n, err
}

// end waits for a read that is under way, lets no other begin, and returns the body's error.
func (r *bodyReader) end() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = true
	return r.err
}
