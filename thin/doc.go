// Package thin drives thin pools and the volumes in them, over dm's thin-pool
// and thin targets. It knows no volume group: devices come in by number, and
// transaction ids are the caller's.
//
// A [Pool] is an active thin pool, a [Volume] an active volume of it. What a
// pool holds is named by [DeviceID], whether active or not:
//
//	pool, err := thin.CreatePool(ctx, conn, thin.PoolConfig{…})
//	…
//	err = pool.CreateThin(1)
//	vol, err := pool.Activate(ctx, thin.VolumeConfig{ID: 1, Name: "data", Size: size})
//	err = pool.CreateSnapshot(ctx, 2, 1) // suspends "data" for a moment
//
// # States of a pool
//
//	            data ends                     more data, or a discard
//	Writable ──────────────▶ OutOfDataSpace ───────────────────────▶ Writable
//	   │ metadata ends
//	   ├────────────────────▶ OutOfMetadataSpace ┐  offline: check, clear the
//	   │ metadata I/O error                      ├─ needs-check flag, grow
//	   ├────────────────────▶ ReadOnly           ┘
//	   └────────────────────▶ Failed                offline: repair
//
// [Pool.Status] tells which it is, and [Status.Err] makes an error of it that
// [errors.Is] tells apart: [ErrNoDataSpace], [ErrNoMetadataSpace],
// [ErrReadOnly], [ErrFailed], [ErrNeedsCheck].
//
// # What an application sees
//
// A pool out of data space queues writes that need a block, or fails them with
// ENOSPC, as [NoSpacePolicy] says; after no_space_timeout (60 s, a parameter of
// the kernel module) the first becomes the second. A pool out of metadata
// space fails every write that needs a block with EIO, at once. Then writes
// that were acknowledged since the last commit may be lost, and an fsync that
// succeeds afterwards proves nothing.
package thin
