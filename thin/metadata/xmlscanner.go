package metadata

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

const (
	xmlWindow = 64 << 10 // how much of the text is held at once
	// maxXMLTag is the most bytes of a tag; those of a pool have some 150.
	maxXMLTag = 4 << 10
)

// xmlScanner cuts a text into tags. It knows as much of XML as a pool's has:
// elements and attributes, comments, processing instructions; no declarations, so
// that nothing in it can make more of the text than there is. Between tags there
// is only white space.
type xmlScanner struct {
	ctx  context.Context
	r    io.Reader
	buf  []byte
	pos  int // what is before it is done with
	eof  bool
	line int // of buf[0]
	tag  xmlTag
}

func newXMLScanner(ctx context.Context, r io.Reader) *xmlScanner {
	return &xmlScanner{ctx: ctx, r: r, buf: make([]byte, 0, xmlWindow), line: 1}
}

// at is the line of pos.
func (s *xmlScanner) at() int { return s.line + bytes.Count(s.buf[:s.pos], []byte("\n")) }

// fill drops what is done with, which is at least something of a full window,
// and reads more. It returns io.EOF at the end.
func (s *xmlScanner) fill() error {
	if s.eof {
		return io.EOF
	}
	if err := s.ctx.Err(); err != nil {
		return err
	}
	s.line = s.at()
	s.buf = s.buf[:copy(s.buf, s.buf[s.pos:])]
	s.pos = 0
	for range 100 {
		n, err := s.r.Read(s.buf[len(s.buf):xmlWindow])
		s.buf = s.buf[:len(s.buf)+n]
		if err != nil {
			s.eof = true
			if n > 0 && errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if n > 0 {
			return nil
		}
	}
	return io.ErrNoProgress
}

// next returns the next tag, which is good until the one after it, or io.EOF.
func (s *xmlScanner) next() (*xmlTag, error) {
	for {
		for s.pos < len(s.buf) && isXMLSpace(s.buf[s.pos]) {
			s.pos++
		}
		switch text := s.buf[s.pos:]; {
		case len(text) == 0:
			if err := s.fill(); err != nil {
				return nil, err
			}
		case text[0] != '<':
			return nil, fmt.Errorf("text between tags: %w", ErrXML)
		case len(text) < 4 && !s.eof:
			if err := s.fill(); err != nil && !errors.Is(err, io.EOF) {
				return nil, err
			}
		case bytes.HasPrefix(text, []byte("<!--")):
			if err := s.skip(4, "-->"); err != nil {
				return nil, err
			}
		case bytes.HasPrefix(text, []byte("<?")):
			if err := s.skip(2, "?>"); err != nil {
				return nil, err
			}
		case bytes.HasPrefix(text, []byte("<!")):
			return nil, fmt.Errorf("a declaration: %w", ErrXML)
		default:
			return s.scanTag()
		}
	}
}

func isXMLSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// scanTag reads the tag at pos.
func (s *xmlScanner) scanTag() (*xmlTag, error) {
	from := 1 // where to look for its end
	for {
		text := s.buf[s.pos:]
		stop := bytes.IndexByte(text[from:], '>')
		if stop < 0 {
			from = len(text)
		}
		if from > maxXMLTag {
			return nil, fmt.Errorf("a tag of more than %d bytes: %w", maxXMLTag, ErrXML)
		}
		if stop < 0 {
			if err := s.more(); err != nil {
				return nil, err
			}
			continue
		}
		stop += from
		whole, err := s.tag.parse(text[1:stop])
		if err != nil {
			return nil, err
		}
		if whole {
			s.pos += stop + 1
			return &s.tag, nil
		}
		from = stop + 1
	}
}

// skip goes behind the next stop, which is at least n bytes away.
func (s *xmlScanner) skip(n int, stop string) error {
	s.pos += n
	for {
		if i := bytes.Index(s.buf[s.pos:], []byte(stop)); i >= 0 {
			s.pos += i + len(stop)
			return nil
		}
		s.pos = max(s.pos, len(s.buf)-len(stop)+1)
		if err := s.more(); err != nil {
			return err
		}
	}
}

// more is fill where the text cannot end.
func (s *xmlScanner) more() error {
	err := s.fill()
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
