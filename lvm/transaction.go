package lvm

import "slices"

// A pool's transaction is what the kernel has yet to be told: the messages that
// are in the text, with a transaction id that is one more than the kernel's.
// When the pool is activated, the messages are sent, then the new id, and the
// text is written again without them ([CompletePool]). A kernel that already has
// the new id has had the messages, too. lib/metadata/thin_manip.c.
//
// A batch makes one transaction of all that it creates and deletes in a pool,
// however many volumes that are.
type transaction struct {
	pool    *member
	before  uint64 // the transaction id that volumes are made under
	highest int64  // device id, of volumes and of what is to be deleted; -1: none
}

// CompletePool takes a pool's messages out of the text, once the kernel has had
// them.
type CompletePool struct{ Pool string }

func (op CompletePool) about(vg *VG) (string, string) {
	return "complete transaction of", vg.Name + "/" + op.Pool
}

func (op CompletePool) apply(b *Batch) (string, error) {
	m, err := b.thinPool(op.Pool)
	if err != nil {
		return "", err
	}
	t, _ := segmentOf[*ThinPool](m.lv)
	if len(t.Messages) == 0 {
		return "", refuse(ErrUnchanged, "it has no messages")
	}
	delete(b.pools, m)
	pool := *t
	pool.Messages = nil
	b.edit(m).Segments[0].Type = &pool
	return op.Pool, nil
}

// transactionOf returns what the batch knows of a pool's transaction. It
// refuses a pool with messages of before the batch, with [ErrPending]: they may
// have been sent or not, and only the kernel knows.
func (b *Batch) transactionOf(pool *member) (*transaction, error) {
	if tx := b.pools[pool]; tx != nil {
		return tx, nil
	}
	t, ok := segmentOf[*ThinPool](pool.lv)
	switch {
	case !ok:
		return nil, refuse(ErrNotSupported, "%s is no thin pool", pool.lv.Name)
	case len(t.Messages) > 0:
		return nil, refuse(ErrPending, "%s: activate it first", pool.lv.Name)
	}
	tx := &transaction{pool: pool, before: t.TransactionID, highest: 0}
	b.links.each(pool.lv.Name, func(user *member, as role) bool {
		if thin, ok := segmentOf[*Thin](user.lv); ok && as == rolePool {
			tx.highest = max(tx.highest, int64(thin.DeviceID))
		}
		return true
	})
	b.pools[pool] = tx
	return tx, nil
}

// begin is transactionOf for what adds a message.
func (b *Batch) begin(pool *member) (*transaction, error) {
	if err := b.notHeld(pool); err != nil {
		return nil, err
	}
	if err := b.settled(pool); err != nil {
		return nil, err
	}
	return b.transactionOf(pool)
}

// nextDevice is get_free_thin_pool_device_id of lvm2: one more than the
// highest; holes stay holes. Ids that the batch deletes are not used again by it.
func (tx *transaction) nextDevice() (uint32, error) {
	if tx.highest >= maxThinDevice {
		return 0, refuse(ErrLimit, "pool %s has had device %d", tx.pool.lv.Name, tx.highest)
	}
	return uint32(tx.highest + 1), nil
}

// edit returns the pool's segment for writing.
func (tx *transaction) edit(b *Batch) *ThinPool {
	lv := b.edit(tx.pool)
	pool := *lv.Segments[0].Type.(*ThinPool)
	lv.Segments[0].Type = &pool
	return &pool
}

// create has the pool told of a new volume.
func (tx *transaction) create(b *Batch, name string, device uint32) {
	tx.highest = max(tx.highest, int64(device))
	tx.send(b, ThinMessage{Create: name})
	b.links.note(name, tx.pool)
}

// send adds a message. Those that other VGs share are in front of it, and stay.
func (tx *transaction) send(b *Batch, m ThinMessage) {
	pool := tx.edit(b)
	pool.Messages = append(pool.Messages, m)
	pool.TransactionID = tx.before + 1
}

// delete has the pool told that a volume is gone, or no longer to be made.
func (tx *transaction) delete(b *Batch, name string, device uint32) {
	pool := tx.pool.lv.Segments[0].Type.(*ThinPool)
	if !pool.creates(name) {
		tx.send(b, ThinMessage{Delete: device})
		return
	}
	pool = tx.edit(b)
	var rest []ThinMessage
	for _, m := range pool.Messages {
		if m.Create != name {
			rest = append(rest, m)
		}
	}
	if pool.Messages = rest; len(rest) == 0 {
		pool.TransactionID = tx.before
	}
}

// creates reports whether the pool is yet to be told of the volume.
func (t *ThinPool) creates(name string) bool {
	return slices.ContainsFunc(t.Messages, func(m ThinMessage) bool { return m.Create == name })
}

// deletable refuses to delete a thin volume that the pool cannot be told of, or
// of which a snapshot is still to be made: it would come out empty.
func (b *Batch) deletable(m *member, thin *Thin) error {
	pool := b.names[thin.Pool]
	if pool == nil {
		return &Fault{Object: "LV", Name: m.lv.Name, What: "its pool is not there", Err: ErrReference}
	}
	if _, err := b.begin(pool); err != nil {
		return err
	}
	var err error
	b.links.each(m.lv.Name, func(user *member, as role) bool {
		if as != roleThinOrigin {
			return true
		}
		t := pool.lv.Segments[0].Type.(*ThinPool)
		empty := t.creates(m.lv.Name) && thin.Origin == ""
		if t.creates(user.lv.Name) && !empty {
			err = refuse(ErrPending, "snapshot %s is not made yet: activate %s first", user.lv.Name, pool.lv.Name)
		}
		return err == nil
	})
	return err
}
