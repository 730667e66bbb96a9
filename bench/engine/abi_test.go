package engine

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// Sizes and offsets as the C compiler gives them for the structures of
// include/uapi/linux/io_uring.h and include/uapi/linux/aio_abi.h on amd64.
func TestLayouts(t *testing.T) {
	require.EqualValues(t, 64, unsafe.Sizeof(sqe{}))
	require.EqualValues(t, 8, unsafe.Offsetof(sqe{}.offset))
	require.EqualValues(t, 16, unsafe.Offsetof(sqe{}.address))
	require.EqualValues(t, 24, unsafe.Offsetof(sqe{}.length))
	require.EqualValues(t, 28, unsafe.Offsetof(sqe{}.opFlags))
	require.EqualValues(t, 32, unsafe.Offsetof(sqe{}.data))
	require.EqualValues(t, 16, unsafe.Sizeof(cqe{}))
	require.EqualValues(t, 8, unsafe.Offsetof(cqe{}.result))
	require.EqualValues(t, 120, unsafe.Sizeof(uringParams{}))
	require.EqualValues(t, 20, unsafe.Offsetof(uringParams{}.features))
	require.EqualValues(t, 40, unsafe.Offsetof(uringParams{}.sq))
	require.EqualValues(t, 80, unsafe.Offsetof(uringParams{}.cq))
	require.EqualValues(t, 24, unsafe.Offsetof(sqOffsets{}.array))
	require.EqualValues(t, 20, unsafe.Offsetof(cqOffsets{}.cqes))
	require.EqualValues(t, 24, unsafe.Sizeof(uringWait{}))
	require.EqualValues(t, 16, unsafe.Offsetof(uringWait{}.timeout))
	require.EqualValues(t, 16, unsafe.Sizeof(kernelTimespec{}))
	require.EqualValues(t, 64, unsafe.Sizeof(iocb{}))
	require.EqualValues(t, 16, unsafe.Offsetof(iocb{}.opcode))
	require.EqualValues(t, 20, unsafe.Offsetof(iocb{}.fd))
	require.EqualValues(t, 24, unsafe.Offsetof(iocb{}.buffer))
	require.EqualValues(t, 40, unsafe.Offsetof(iocb{}.offset))
	require.EqualValues(t, 32, unsafe.Sizeof(aioEvent{}))
	require.EqualValues(t, 16, unsafe.Offsetof(aioEvent{}.result))
	require.EqualValues(t, 32, unsafe.Sizeof(aioRing{}))
}
