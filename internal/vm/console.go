package vm

import (
	"bytes"
	"io"
	"sync"
)

const (
	consoleLines = 80       // shown of a machine that failed; one panic is about 50
	consoleBytes = 64 << 10 // kept of one that runs
)

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex // guards buf
	buf  []byte
	also io.Writer // gets everything as it comes; may be nil
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, b...)
	if over := len(t.buf) - consoleBytes; over > 0 {
		t.buf = append(t.buf[:0], t.buf[over:]...)
	}
	if t.also != nil {
		return t.also.Write(b)
	}
	return len(b), nil
}

// lines returns the last n lines, without carriage returns.
func (t *tail) lines(n int) []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := bytes.TrimRight(bytes.ReplaceAll(t.buf, []byte("\r"), nil), "\n")
	at := len(text)
	for ; n > 0 && at > 0; n-- {
		at = bytes.LastIndexByte(text[:at], '\n')
		if at < 0 {
			return text
		}
	}
	if at < len(text) && at >= 0 && text[at] == '\n' {
		at++
	}
	return text[at:]
}
