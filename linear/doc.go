// Package linear lays thick volumes out: it keeps the free space of devices as
// sets of runs of sectors, takes runs out of it by a policy, and turns them
// into tables of dm's linear targets. It is all values; nothing here touches a
// device.
//
//	free := linear.Set{{Length: 1 << 20}}
//	runs, rest, err := free.Allocate(4096, linear.Policy{Align: 2048})
//	…
//	table, err := linear.Volume{{Dev: disk, Run: runs[0]}}.Table()
//
// Space is promised only where it exists: what does not fit is refused with a
// [*NoSpaceError], before anything is written.
package linear
