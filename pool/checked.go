package pool

import (
	"errors"
	"fmt"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/thin"
	"github.com/rok-storage/rok/thin/metadata"
	"github.com/rok-storage/rok/units"
)

// Checked is what a pool's metadata is, by itself and beside what its VG says.
type Checked struct {
	State *State
	// Snapshot: of an active pool a metadata snapshot was checked, which has no space
	// maps; so nothing is known of leaks.
	Snapshot bool
	Size     units.Bytes // of the metadata's device
	// Report is nil where there is no superblock to begin with; Err is then why.
	Report *metadata.Report
	Err    error
	// Fresh: the first block is zeros, as it is until a pool is activated for the first
	// time. That is sound.
	Fresh bool

	Transactions Transactions
	// Missing are volumes of the VG that the metadata has not, and Other those of
	// which it has another volume under their device id: one that was made under
	// another transaction, which is looked for where the ids below do not agree. Nothing is known of either where the list of devices is
	// damaged, and Unlisted is set.
	Missing, Other []Volume
	// Strangers are device ids in the metadata that no volume of the VG has. The list
	// ends after 1,000; StrangerCount goes on.
	Strangers     []uint64
	StrangerCount uint64
	Unlisted      bool
}

// Transactions are the ids by which a VG and a pool's metadata tell whether they
// are of one time.
type Transactions struct {
	VG, Metadata uint64
	// Messages are in the VG's text: the metadata may then be one behind.
	Messages int
}

// Agree reports whether a pool may have the metadata: thin_manip.c of lvm2's
// lib/metadata, and libdm-deptree.c.
func (t Transactions) Agree() bool {
	return t.Metadata == t.VG || t.Messages > 0 && t.Metadata+1 == t.VG
}

// settled is the id that metadata of the VG's time has which is not known better:
// with messages the one before, since they can be sent again.
func (t Transactions) settled() uint64 {
	if t.Messages > 0 && t.VG > 0 {
		return t.VG - 1
	}
	return t.VG
}

// Damaged reports whether the metadata must be written anew before it is used. What
// leaks metadata blocks counts: a pool may run out of them.
func (c *Checked) Damaged() bool {
	if c.Fresh {
		return false
	}
	return c.Report == nil || !c.Report.Sound() || c.Report.MetadataLeaks.Blocks > 0
}

// Problems are all that is wrong, each an error of its own: [metadata.ErrCorrupt],
// [metadata.ErrLeak], [thin.ErrNeedsCheck], [thin.ErrTransaction], [ErrVolumeLost].
func (c *Checked) Problems() (errs []error) {
	switch {
	case c.Fresh:
		return nil
	case c.Report == nil:
		return []error{c.Err}
	case !c.Report.Sound():
		errs = append(errs, fmt.Errorf("metadata has %s: %w", plural(c.Report.FaultCount, "fault"), metadata.ErrCorrupt))
	}
	if n := c.Report.MetadataLeaks.Blocks; n > 0 {
		errs = append(errs, fmt.Errorf("metadata has lost %s: %w", plural(n, "block"), metadata.ErrLeak))
	}
	if c.Report.Superblock.NeedsCheck() {
		errs = append(errs, thin.ErrNeedsCheck)
	}
	if t := c.Transactions; !t.Agree() {
		errs = append(errs, &TransactionsError{Transactions: t})
	}
	for _, v := range c.Missing {
		errs = append(errs, &VolumeError{Volume: v})
	}
	for _, v := range c.Other {
		errs = append(errs, &VolumeError{Volume: v, Other: true})
	}
	return errs
}

// TransactionsError says that a VG and a pool's metadata are of different times. It
// matches [thin.ErrTransaction].
type TransactionsError struct{ Transactions }

// Error says which of them is ahead.
func (e *TransactionsError) Error() string {
	ahead := "the metadata is of an earlier time"
	if e.Metadata > e.VG {
		ahead = "the VG is of an earlier time"
	}
	return fmt.Sprintf("transaction id is %d in the metadata and %d in the VG: %s", e.Metadata, e.VG, ahead)
}

// Is reports whether target is [thin.ErrTransaction].
func (e *TransactionsError) Is(target error) bool { return target == thin.ErrTransaction }

// ErrVolumeLost says that the metadata of a pool does not have a volume of its VG.
var ErrVolumeLost = errors.New("volume is not in the pool's metadata")

// VolumeError says which volume the metadata does not have. It matches
// [ErrVolumeLost].
type VolumeError struct {
	Volume
	Other bool // there is another one under its device id
}

// Error prints, for example, "volume home: device 3 is not in the metadata".
func (e *VolumeError) Error() string {
	if e.Other {
		return fmt.Sprintf("volume %s: device %d in the metadata was made under another transaction", e.Name, e.DeviceID)
	}
	return fmt.Sprintf("volume %s: device %d is not in the metadata", e.Name, e.DeviceID)
}

// Is reports whether target is [ErrVolumeLost].
func (e *VolumeError) Is(target error) bool { return target == ErrVolumeLost }

// compare fills in what the devices of trees, and the transaction ids, are beside the
// VG's.
func (c *Checked) compare(vg *lvm.VG, trees *metadata.Trees) {
	t := poolOf(vg.LV(c.State.Pool))
	c.Transactions = Transactions{VG: t.TransactionID, Messages: len(t.Messages)}
	if c.Fresh {
		c.Fresh = c.Transactions.settled() == 0
	}
	if trees == nil {
		c.Unlisted = true
		return
	}
	c.Transactions.Metadata = trees.Superblock().TransactionID
	created, deleted := map[string]bool{}, map[uint64]bool{}
	for _, m := range t.Messages {
		switch {
		case c.Transactions.Metadata == c.Transactions.VG: // it has had them
		case m.Create != "":
			created[m.Create] = true
		default:
			deleted[uint64(m.Delete)] = true
		}
	}
	wanted := make(map[uint64]uint64, len(c.State.Volumes))
	for _, lv := range vg.LVs {
		if v, ok := thinOf(lv); ok && v.Pool == c.State.Pool {
			wanted[uint64(v.DeviceID)] = v.TransactionID
		}
	}
	found, other := map[uint64]bool{}, map[uint64]bool{}
	for d, err := range trees.Devices() {
		if err != nil {
			c.Unlisted = c.Unlisted || d.ID == 0 && d.Root == 0
			if d.Root == 0 {
				continue
			}
		}
		made, has := wanted[d.ID]
		switch {
		case has:
			found[d.ID] = true
			other[d.ID] = err == nil && d.Detail.TransactionID != made
		case !deleted[d.ID]:
			if c.StrangerCount++; len(c.Strangers) < maxStrangers {
				c.Strangers = append(c.Strangers, d.ID)
			}
		}
	}
	if c.Unlisted {
		return
	}
	for _, v := range c.State.Volumes {
		switch id := uint64(v.DeviceID); {
		case found[id] && other[id] && !c.Transactions.Agree():
			c.Other = append(c.Other, v)
		case !found[id] && !created[v.Name]:
			c.Missing = append(c.Missing, v)
		}
	}
}

// maxStrangers bounds the list of strangers.
const maxStrangers = 1000

func plural(n uint64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
