package vm

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// The wire is the byte channel from the guest to the host: a terminal line of
// user-mode Linux in raw mode, or a virtio port. It carries frames: one byte of
// kind, four bytes of length (little endian), the payload. One channel for all
// keeps what the command wrote in order, and the status behind it.
type frameKind byte

const (
	frameReady  frameKind = 'r' // the command is about to start
	frameStdout frameKind = 'o'
	frameStderr frameKind = 'e'
	frameFile   frameKind = 'f' // JSON fileHeader; the file's data frames follow
	frameData   frameKind = 'd'
	frameFail   frameKind = '!' // text: why the guest cannot run the command
	frameExit   frameKind = 'x' // status, four bytes; the last frame
)

// maxFrame bounds what the reader takes into memory for one frame.
const maxFrame = 64 << 10

var errFrame = errors.New("bad frame from the guest")

// fileHeader announces a file of Config.Outputs.
type fileHeader struct {
	Path string `json:"path"`
	Mode uint32 `json:"mode"`
}

// wireWriter writes frames. It is safe for concurrent use.
type wireWriter struct {
	mu sync.Mutex // one frame at a time
	w  io.Writer
}

func (w *wireWriter) frame(kind frameKind, payload []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var head [5]byte
	head[0] = byte(kind)
	binary.LittleEndian.PutUint32(head[1:], uint32(len(payload)))
	if _, err := w.w.Write(head[:]); err != nil {
		return err
	}
	_, err := w.w.Write(payload)
	return err
}

// copy sends everything that r gives as frames of one kind.
func (w *wireWriter) copy(kind frameKind, r io.Reader) error {
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Read(buf)
		if n > 0 {
			if err := w.frame(kind, buf[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (w *wireWriter) file(h fileHeader, r io.Reader) error {
	head, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if err := w.frame(frameFile, head); err != nil {
		return err
	}
	return w.copy(frameData, r)
}

func (w *wireWriter) exit(status int) error {
	return w.frame(frameExit, binary.LittleEndian.AppendUint32(nil, uint32(status)))
}

// wireReader reads frames.
type wireReader struct {
	r   io.Reader
	buf []byte
}

// next returns the next frame; the payload is valid until the next call. io.EOF
// means that the guest closed the wire between two frames.
func (r *wireReader) next() (frameKind, []byte, error) {
	var head [5]byte
	if _, err := io.ReadFull(r.r, head[:]); err != nil {
		if err == io.ErrUnexpectedEOF {
			err = fmt.Errorf("%w: cut short", errFrame)
		}
		return 0, nil, err
	}
	kind, n := frameKind(head[0]), binary.LittleEndian.Uint32(head[1:])
	if n > maxFrame {
		return 0, nil, fmt.Errorf("%w: kind %q of %d bytes", errFrame, kind, n)
	}
	if cap(r.buf) < int(n) {
		r.buf = make([]byte, maxFrame)
	}
	payload := r.buf[:n]
	if _, err := io.ReadFull(r.r, payload); err != nil {
		return 0, nil, fmt.Errorf("%w: cut short", errFrame)
	}
	if kind == frameExit && n != 4 {
		return 0, nil, fmt.Errorf("%w: status of %d bytes", errFrame, n)
	}
	return kind, payload, nil
}
