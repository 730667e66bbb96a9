package engine

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

const pageSize = 4096

// memory is anonymous memory outside of the Go heap, handed out in pieces.
type memory struct {
	raw  []byte
	used int
}

func newMemory(size int) (*memory, error) {
	size = pages(size)
	raw, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, fmt.Errorf("engine: map %d bytes: %w", size, err)
	}
	return &memory{raw: raw}, nil
}

func (m *memory) free() error {
	if err := unix.Munmap(m.raw); err != nil {
		return fmt.Errorf("engine: unmap: %w", err)
	}
	return nil
}

// take hands out size bytes that begin on a page.
func (m *memory) take(size int) []byte {
	piece := m.raw[m.used : m.used+size : m.used+size]
	m.used += pages(size)
	return piece
}

func pages(size int) int { return (size + pageSize - 1) &^ (pageSize - 1) }

func address(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }

// table views mapped memory as n records; T must not contain Go pointers.
func table[T any](b []byte, n int) []T {
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), n)
}

func tableSize[T any](n int) int { return n * int(unsafe.Sizeof(*new(T))) }

// slots are the data buffers: for each slot one to read into and one to write
// from, so that what was read (zeros from a hole, perhaps) is never written.
type slots struct {
	buffers []byte
	block   int // bytes per buffer
	stride  int // block rounded up to pages
	base    uintptr
}

func slotsSize(c Config) int { return 2 * c.Depth * pages(c.BlockSize) }

func newSlots(c Config, m *memory) slots {
	b := m.take(slotsSize(c))
	return slots{buffers: b, block: c.BlockSize, stride: pages(c.BlockSize), base: address(b)}
}

// ReadBuffer implements [Engine].
func (s *slots) ReadBuffer(slot int32) []byte {
	return s.buffers[2*int(slot)*s.stride:][:s.block:s.block]
}

// WriteBuffer implements [Engine].
func (s *slots) WriteBuffer(slot int32) []byte {
	return s.buffers[(2*int(slot)+1)*s.stride:][:s.block:s.block]
}

// buffer is the address that a request moves data to or from.
func (s *slots) buffer(r *Request) uintptr {
	return s.base + uintptr(2*int(r.Slot)+int(r.Op&Write))*uintptr(s.stride)
}
