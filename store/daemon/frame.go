package daemon

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
)

// maxFrame is the length of the longest payload.
const maxFrame = 1 << 20

// ErrProtocol says that what came is not of the protocol.
var ErrProtocol = errors.New("not of the daemon's protocol")

// kind is the first byte of a frame.
type kind byte

const (
	helloFrame   kind = 'H' // JSON
	requestFrame kind = 'Q' // JSON
	dataFrame    kind = 'D' // bytes of a body
	abortFrame   kind = 'A' // empty: the body ends here and is not to be stored
	entriesFrame kind = 'L' // JSON: a part of a listing
	replyFrame   kind = 'R' // JSON: the end of an answer
)

// headSize is that of kind and length.
const headSize = 5

// writeFrame writes one frame with one call.
func writeFrame(w io.Writer, k kind, payload []byte) error {
	head := make([]byte, headSize)
	head[0] = byte(k)
	binary.BigEndian.PutUint32(head[1:], uint32(len(payload)))
	frame := net.Buffers{head, payload}
	_, err := frame.WriteTo(w)
	return err
}

// writeJSON writes a frame with a document.
func writeJSON(w io.Writer, k kind, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(text) > maxFrame {
		return fmt.Errorf("a frame of %d bytes, at most %d: %w", len(text), maxFrame, ErrProtocol)
	}
	return writeFrame(w, k, text)
}

// readHead reads what is before a payload. Its error is io.EOF where nothing comes.
func readHead(r io.Reader) (kind, int, error) {
	var head [headSize]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, 0, err
	}
	size := binary.BigEndian.Uint32(head[1:])
	k := kind(head[0])
	if size > maxFrame || k == abortFrame && size != 0 {
		return 0, 0, fmt.Errorf("a frame %q of %d bytes: %w", head[0], size, ErrProtocol)
	}
	return k, int(size), nil
}

// readJSON reads the payload of a frame into v.
func readJSON(r io.Reader, size int, v any) error {
	text := make([]byte, size)
	if _, err := io.ReadFull(r, text); err != nil {
		return noEOF(err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	return nil
}

// expectJSON reads a frame of a kind.
func expectJSON(r io.Reader, want kind, v any) error {
	k, size, err := readHead(r)
	if err != nil {
		return err
	}
	if k != want {
		return fmt.Errorf("a frame %q where %q comes: %w", byte(k), byte(want), ErrProtocol)
	}
	return readJSON(r, size, v)
}

// noEOF says that an end came in the middle.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
