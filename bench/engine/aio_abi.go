package engine

import (
	"sync/atomic"
	"unsafe"
)

// The commands of enum in include/uapi/linux/aio_abi.h.
const (
	iocbRead     = 0 // IOCB_CMD_PREAD
	iocbWrite    = 1 // IOCB_CMD_PWRITE
	iocbSync     = 2 // IOCB_CMD_FSYNC
	iocbDataSync = 3 // IOCB_CMD_FDSYNC
)

// iocb is struct iocb of include/uapi/linux/aio_abi.h. The header swaps key
// and rwFlags on big-endian machines; both stay 0 here.
type iocb struct {
	data     uint64
	key      uint32
	rwFlags  uint32
	opcode   uint16
	priority int16
	fd       uint32
	buffer   uint64
	length   uint64
	offset   int64
	_        uint64
	flags    uint32
	resultFD uint32
}

func (b *iocb) address() uintptr { return uintptr(unsafe.Pointer(b)) }

func (b *iocb) isSync() bool { return b.opcode == iocbSync || b.opcode == iocbDataSync }

// block is the queue's i-th control block.
func (e *aio) block(i int) *iocb {
	// The address is one of e.blocks, which is mapped memory.
	first := uintptr(unsafe.Pointer(&e.blocks[0]))
	return &e.blocks[(e.queue[i]-first)/unsafe.Sizeof(iocb{})]
}

// aioEvent is struct io_event of include/uapi/linux/aio_abi.h.
type aioEvent struct {
	data    uint64
	object  uint64
	result  int64
	result2 int64
}

// aioRing is the head of struct aio_ring of fs/aio.c, which the kernel maps at
// the address that is the context's handle. It is not in a uapi header, but
// carries a magic number and feature words for programs that read it, and
// those are checked.
type aioRing struct {
	id           uint32
	size         uint32 // number of events
	head         uint32 // moved by the reader
	tail         uint32 // moved by the kernel
	magic        uint32
	compatible   uint32
	incompatible uint32
	headerLength uint32
	// events follow
}

const aioRingMagic = 0xa10a10a1 // AIO_RING_MAGIC

// findAIORing is the ring of the context whose handle was stored in b, or nil
// where its layout is another one than this package knows.
func findAIORing(b []byte) *aioRing {
	ring := table[*aioRing](b, 1)[0]
	if ring.magic != aioRingMagic || ring.incompatible != 0 || uintptr(ring.headerLength) != unsafe.Sizeof(*ring) {
		return nil
	}
	return ring
}

// next is the oldest event, or nil. It stays valid until advance.
func (r *aioRing) next() *aioEvent {
	if r.head == atomic.LoadUint32(&r.tail) {
		return nil
	}
	return (*aioEvent)(unsafe.Add(unsafe.Pointer(r), unsafe.Sizeof(*r)+uintptr(r.head)*unsafe.Sizeof(aioEvent{})))
}

// advance gives the oldest event's place back to the kernel.
func (r *aioRing) advance() {
	head := r.head + 1
	if head == r.size {
		head = 0
	}
	atomic.StoreUint32(&r.head, head)
}

func addressOf[T any](p *T) uintptr { return uintptr(unsafe.Pointer(p)) }
