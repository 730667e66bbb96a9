// Package dm drives the Linux device-mapper: it makes devices out of tables,
// swaps their tables while they are in use, asks for their state, and waits
// for their events. It needs no external program and no udev.
//
// A [Table] is a plain value: segments, each with a [Target] such as [Linear]
// or [ThinPool]. Making and comparing tables needs no kernel. A [Conn] is the
// open control node, and a [Device] a handle on one device:
//
//	conn, err := dm.Open(nil)
//	…
//	defer conn.Close()
//	dev, err := conn.Create(ctx, dm.CreateRequest{
//		Name:  "scratch",
//		Table: dm.Table{{Length: 2048, Target: dm.Zero{}}},
//	})
//
// # A device's life
//
//	        Create            Load              Resume
//	nothing ──────▶ no table ──────▶ inactive ──────────▶ active
//	                                 table                │  ▲
//	                                              Suspend ▼  │ Resume: with the inactive
//	                                                  suspended  table, if one was loaded
//
// [Conn.Create] goes all the way and undoes what it did when a step fails;
// [Device.Swap] goes around the loop at the bottom. [Device.Remove] ends it.
//
// # Nodes and udev
//
// The kernel makes /dev/dm-N; the name below /dev/mapper comes from udev's
// rules. Where udev runs, the calls that change a device's node wait for the
// rules with libdevmapper's cookies. Where it does not, they make the node
// themselves. Either way the node is there when the call returns, under the
// name that libdevmapper gives it: see [NodeName].
//
// # What it needs
//
// Linux with device-mapper 4.0 or later, and CAP_SYS_ADMIN. What is newer is
// marked with the version that brought it, and fails with [UnsupportedError] on
// an older kernel; the kernel is asked, never the headers of the build.
//
// # Errors
//
// Every error of a request is an [*Error] that names the operation and the
// device, and for a table the segment; [errors.Is] finds errno values as well
// as [io/fs.ErrNotExist], [io/fs.ErrExist] and [errors.ErrUnsupported] in it.
package dm
