// Package host is what lvm2 keeps on a machine beside the disks: locks, hints,
// the devices file, settings, backups, and what is online. With it, rok and lvm2
// may be used on the same machine at any moment. It knows no format of a disk.
//
//	h, err := host.Open(nil)
//	locks, err := h.Lock(ctx, host.LockRequest{Global: host.Exclusive})  // 1
//	hints, err := h.VoidHints(ctx)                                       // 2
//	vg, err := h.Lock(ctx, host.LockRequest{VGs: …, Mode: host.Exclusive})
//	                                                                     // read the disks, write them
//	err = h.PutDevice(ctx, device, pvid)                                 // 3
//	err = h.WriteBackup(name, text)
//	err = errors.Join(vg.Unlock(), locks.Unlock(), hints.Release())
//
// What changes one VG alone needs neither 1, 2 nor 3. Headers and texts that were
// read before the lock was had are read again.
//
// # What lvm2 does
//
// As strace shows it of lvm2 2.03.16, and of 2.03.31 where that differs.
//
// Locks. P_global, exclusive: vgcreate, vgremove, vgextend, vgreduce, vgrename,
// vgsplit, vgmerge, vgcfgrestore, pvcreate, pvremove, pvchange --uuid; each of
// them voids the hints, between this lock and those of the VGs (vgcfgrestore:
// behind them). P_global, shared: pvchange, pvresize, pvmove, vgs, lvs and pvs of
// everything, vgscan, pvscan. V_NAME, exclusive: what changes a VG, also
// vgexport, vgimport, vgchange, vgck --updatemetadata; shared: what reads it,
// also vgcfgbackup. Several VGs by name, but vgsplit locks the new one first.
// The umask is 077, so that the files have mode 0700. D_system.devices, the
// lock of the devices file, is taken behind all others, without a file for
// writers, and its file stays. lvm2 waits in flock(2), and has no time limit.
//
// Hints. A command that looks for one VG reads the devices that
// /run/lvm/hints has, and no others: with a list that was made before another
// host or program added a PV, it says that the PV is missing, or the VG not
// found. Changes of LVs, tags, export and a VG's UUID leave the list as it is.
//
// Devices file. Where there is one, lvm2 looks at no other device, and at
// devices/filter and devices/global_filter neither. pvcreate, vgcreate and
// vgextend add a device, pvremove leaves it with PVID=. behind. They make a file
// only where there are no VGs yet. 2.03.16 drops comments and words that it does
// not know; 2.03.31 adds HASH and HOSTNAME, keeps backups, and writes t10 ids
// with fewer underscores than 2.03.16, whose form it understands.
//
// Backup files are flushed before they are renamed, archived ones are not. The
// backup of the old name goes at vgrename and vgremove; archives stay.
//
// Online. No command that makes a PV or VG writes below pvs_online or
// vgs_online: pvscan does, when udev runs it. vgchange -an removes
// vgs_online/NAME; vgremove removes all of the VG's as of some version between
// 2.03.16 and 2.03.31.
//
// Udev has not to be told. systemd-udevd watches block devices, and makes a
// uevent "change" when somebody closes one that was open for writing; its rules
// then find the new label, and run pvscan. So a device must be closed after a
// change: as long as a program keeps it open, udev does not know. Reading makes no
// event.
//
// lvm2 also tells lvmdbusd over D-Bus (global/notify_dbus) and dmeventd; rok does
// not. lvmlockd's locks and those of clusters are refused by who reads the VG.
//
// docs/lvm-host.md lists which settings are kept to.
package host
