package lvm

import (
	"errors"
	"fmt"
	"slices"

	"github.com/rok-storage/rok/lvm/disk"
)

// CommitRequest is a change of a VG on its devices.
type CommitRequest struct {
	// VG is what the scan found. Nil: New is a new VG, or one to be restored of
	// which nothing was found.
	VG *DiskVG
	// New is what the VG is to be. Its Seqno does not matter; PVs are found by
	// their IDs, and joining ones must be in the scan. Nil: the VG is removed.
	New *VG
	// Headers are those of PVs that get another one, see [DiskPV.Resized]. Where a
	// metadata area moves by less than its length, it must have room for a second
	// text meanwhile; else it is [ErrNoArea].
	Headers map[ID]disk.PVHeader
	// SystemID is this host's, which a VG that has one must have too.
	SystemID string
	// Import allows VG to be exported, where New is not.
	Import bool
	// Restore allows what a VG to be restored has: PVs that say that they are in
	// use by a VG that was not found, or by the one with New's ID; texts that
	// contradict each other.
	Restore bool
	// Suspend, if not nil, is called when everything is written but the last step:
	// active LVs are suspended, with the tables of next loaded. Resume is called
	// when that step was taken, or was not: with what became of it. When Suspend
	// fails it has undone what it did, and the commit is undone.
	Suspend func(next *VG) (resume func(committed bool) error, err error)

	// locked says that lvm2's lock of the VG is held since before the scan, by who
	// makes the request: what was read need not be read again.
	locked bool
}

// Commit writes a VG to its devices so that a power cut at any moment leaves
// either the old VG or the new one, as lvm2 does it (vg_write and vg_commit of
// lib/metadata/metadata.c):
//
//  1. the text goes into the ring of each metadata area in use, where no text is
//     that counts; flush;
//  2. into the second slot of each area's header; flush;
//  3. LVs are suspended;
//  4. into the first slot, the second is emptied: from the first area that has it
//     on, the new VG counts; flush. Where the name changes, the other areas are
//     emptied before, and get the text after;
//  5. LVs are resumed, headers of PVs that joined say "used", those that left are
//     emptied; flush.
//
// The labels and areas of PVs that grow change before 1, those of others behind 4.
//
// What fails before 4 is undone, and the error is a [*CommitError]. Behind it the
// result is not nil, and an error is a [*PartialError]. Areas that were damaged or
// had an older text have the new one afterwards. Removing a VG first makes all
// headers say "not used", and then empties the areas: it is there until the last
// one is empty.
//
// The VG's lock must be held, exclusively, from before the scan until Commit
// returns: V_NAME, of both names where it is renamed. Where PVs join or leave, or
// the VG is new, removed or renamed, the lock of all orphans, P_global, must be
// too. A change by somebody who did not hold it is found as [ErrChanged], if it
// came before step 1. [System] takes lvm2's locks itself, and does not look for one.
//
// It is refused with one of the errors of this package that say why, with a
// [*disk.TextTooLongError] where the text does not fit, and with the [*Fault]
// values of New. The scan and its PVs are as the devices are, afterwards.
func (s *Scan) Commit(r CommitRequest) (*DiskVG, error) {
	c := &commit{scan: s, request: r, old: r.VG}
	if err := c.check(); err != nil {
		return nil, c.fail("check", err)
	}
	if err := c.open(); err != nil {
		return nil, c.fail("check", err)
	}
	if r.New == nil {
		return nil, c.remove()
	}
	if err := c.moveBefore(); err != nil {
		return nil, c.fail("move metadata area", errors.Join(err, c.moveBack()))
	}
	if err := c.writeTexts(); err != nil {
		return nil, c.fail("write text", errors.Join(err, c.moveBack()))
	}
	if err := c.precommit(); err != nil {
		return nil, c.fail("precommit", errors.Join(err, c.revert()))
	}
	resume := func(bool) error { return nil }
	if r.Suspend != nil {
		var err error
		if resume, err = r.Suspend(c.next); err != nil {
			return nil, c.fail("suspend", errors.Join(err, c.revert()))
		}
	}
	committed, err := c.commit()
	if !committed {
		return nil, c.fail("commit", errors.Join(err, c.revert(), resume(false)))
	}
	err = errors.Join(err, resume(true), c.moveAfter(), c.enlist(), c.release(c.leaves))
	g := c.result()
	if err != nil {
		return g, &PartialError{VG: c.next.Name, Err: err}
	}
	return g, nil
}

// commit is one [Scan.Commit].
type commit struct {
	scan    *Scan
	request CommitRequest
	old     *DiskVG
	next    *VG // with its number
	text    []byte
	members []*DiskPV // of next, in its order
	leaves  []*DiskPV // of old, and outdated ones
	targets []*target
	moves   []*move
	moved   []*move // those that moveBefore has begun
}

func (c *commit) fail(step string, err error) error {
	name := ""
	if c.old != nil {
		name = c.old.VG.Name
	} else if c.request.New != nil {
		name = c.request.New.Name
	}
	return &CommitError{VG: name, Step: step, Err: err}
}

// remove empties all PVs of the VG.
func (c *commit) remove() error {
	if err := c.release(c.leaves); err != nil {
		return c.fail("remove", err)
	}
	c.forget()
	return nil
}

// forget takes the old VG out of the scan.
func (c *commit) forget() {
	c.scan.VGs = slices.DeleteFunc(c.scan.VGs, func(g *DiskVG) bool { return g == c.old })
	for _, pv := range c.leaves {
		pv.VG, pv.Faults = nil, nil
		c.scan.forgive(pv.Device)
	}
}

// result puts the new VG into the scan.
func (c *commit) result() *DiskVG {
	c.forget()
	g := &DiskVG{VG: c.next, PVs: c.members, newest: &diskText{vg: c.next}}
	for _, pv := range c.members {
		pv.VG, pv.Faults = g, nil
		c.scan.forgive(pv.Device)
		for _, a := range pv.Areas {
			if a.Committed.Checksum == c.targets[0].place.Checksum && a.Committed.Size == c.targets[0].place.Size {
				a.text = g.newest
				g.newest.areas++
			}
		}
	}
	g.examine()
	i, _ := slices.BinarySearchFunc(c.scan.VGs, g, compareVGs)
	c.scan.VGs = slices.Insert(c.scan.VGs, i, g)
	return g
}

// device is an error of a device.
func deviceError(pv *DiskPV, what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s on %s: %w", what, pv.Device.Path, err)
}
