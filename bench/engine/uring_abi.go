package engine

import (
	"golang.org/x/sys/unix"
)

// Constants of include/uapi/linux/io_uring.h, as far as this package uses them.
const (
	uringClamp        = 1 << 4  // IORING_SETUP_CLAMP
	uringCoop         = 1 << 8  // IORING_SETUP_COOP_TASKRUN, Linux 5.19
	uringSingleIssuer = 1 << 12 // IORING_SETUP_SINGLE_ISSUER, Linux 6.0
	uringDefer        = 1 << 13 // IORING_SETUP_DEFER_TASKRUN, Linux 6.1

	uringSingleMap = 1 << 0 // IORING_FEAT_SINGLE_MMAP, Linux 5.4
	uringExtArg    = 1 << 8 // IORING_FEAT_EXT_ARG, Linux 5.11: waits with a time-out

	uringOffsetRing = 0          // IORING_OFF_SQ_RING
	uringOffsetSQEs = 0x10000000 // IORING_OFF_SQES

	uringGetEvents   = 1 << 0 // IORING_ENTER_GETEVENTS
	uringEnterExtArg = 1 << 3 // IORING_ENTER_EXT_ARG

	uringRegisterBuffers = 0 // IORING_REGISTER_BUFFERS
	uringRegisterFiles   = 2 // IORING_REGISTER_FILES

	sqeFixedFile = 1 << 0 // IOSQE_FIXED_FILE
	sqeDataSync  = 1 << 0 // IORING_FSYNC_DATASYNC

	opSync       = 3  // IORING_OP_FSYNC
	opReadFixed  = 4  // IORING_OP_READ_FIXED
	opWriteFixed = 5  // IORING_OP_WRITE_FIXED
	opTimeout    = 11 // IORING_OP_TIMEOUT
	opRead       = 22 // IORING_OP_READ, Linux 5.6
	opWrite      = 23 // IORING_OP_WRITE
)

// sqe is struct io_uring_sqe: a request.
type sqe struct {
	opcode  uint8
	flags   uint8
	_       uint16 // ioprio
	fd      int32
	offset  uint64
	address uint64
	length  uint32
	opFlags uint32 // rw_flags, fsync_flags
	data    uint64
	_       uint16 // buf_index: always 0
	_       uint16 // personality
	_       int32  // file_index
	_       [2]uint64
}

// cqe is struct io_uring_cqe: a completion.
type cqe struct {
	data   uint64
	result int32
	_      uint32 // flags
}

// uringParams is struct io_uring_params.
type uringParams struct {
	sqEntries uint32
	cqEntries uint32
	flags     uint32
	_         uint32 // sq_thread_cpu
	_         uint32 // sq_thread_idle
	features  uint32
	_         uint32 // wq_fd
	_         [3]uint32
	sq        sqOffsets
	cq        cqOffsets
}

// sqOffsets is struct io_sqring_offsets.
type sqOffsets struct {
	_, tail, mask uint32
	_, _, _       uint32 // ring_entries, flags, dropped
	array, _      uint32
	_             uint64
}

// cqOffsets is struct io_cqring_offsets.
type cqOffsets struct {
	head, tail, mask uint32
	_, _             uint32 // ring_entries, overflow
	cqes, _, _       uint32
	_                uint64
}

// uringWait is struct io_uring_getevents_arg.
type uringWait struct {
	_       uint64 // sigmask: none
	_       uint32 // sigmask_sz
	_       uint32
	timeout uint64 // address of a struct __kernel_timespec
}

// kernelTimespec is struct __kernel_timespec: 64 bits wide everywhere.
type kernelTimespec struct{ _, nsec int64 }

// setupFunc is io_uring_setup. Tests put older kernels in its place.
type setupFunc func(entries uint32, p *uringParams) (fd int, errno unix.Errno)

func uringSetup(entries uint32, p *uringParams) (int, unix.Errno) {
	fd, _, errno := unix.RawSyscall(unix.SYS_IO_URING_SETUP, uintptr(entries), addressOf(p), 0)
	return int(fd), errno
}
