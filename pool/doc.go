// Package pool keeps thin pools in volume groups from filling up: it watches
// them, makes them larger in time, and does what was asked for where nothing is
// left to make them larger with.
//
// A [Policy] says what is wanted, a [State] what is there, and a [Plan] what to
// do: all three are values, and [NewPlan] is a function of the first two. A
// [Watcher] looks, plans, and has [lvm.System] carry the plan out: in one commit,
// and one new table for each device that changes, while I/O goes on.
//
//	the kernel's events ─┐
//	a tick ──────────────┼─▶ State ─▶ NewPlan ─▶ System.ChangeWith ─▶ Events
//	a new configuration ─┘
//
// Metadata comes first. A pool without a free metadata block is broken, and must
// be repaired offline, while one without a free data block only waits. So metadata
// gets extents before data does, is kept large enough for all of the pool's data
// to be mapped, and no new volume is made where that cannot be.
//
// [Host.Check] compares a pool's metadata with its VG, and [Host.Repair] brings back
// a pool that the kernel has set aside: a [RepairPlan] is a value, made of what
// Check found, and what is damaged is read and never written to.
package pool
