package lvm

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/thin"
)

// completePool tells a pool that is active what the text says it has yet to be
// told, and reports whether the text can now be written without. The pool's
// transaction id says how far an earlier attempt came: that of the text, all is
// done; the one before, some of it, perhaps. Any other is a
// [*TransactionError]. _node_send_messages of lvm2's libdm/libdm-deptree.c.
func (t *transition) completePool(ctx context.Context, s *DeviceStep) (bool, error) {
	pool, messages := s.Device.LV.Name, s.Device.Pool.Messages
	if s.Has != nil && len(messages) == 0 {
		return false, nil // whoever activated it has compared
	}
	dev := t.device(s)
	status, err := poolStatus(dev)
	if err != nil {
		return false, err
	}
	want := s.Device.Pool.TransactionID
	switch {
	case status.State == thin.Failed:
		return false, &thin.Error{Op: "activate", Pool: pool, Err: status.Err()}
	case status.TransactionID == want:
		return len(messages) > 0, nil
	case status.TransactionID+1 != want || len(messages) == 0:
		return false, &TransactionError{Pool: pool, Text: want, Kernel: status.TransactionID, Messages: len(messages)}
	}
	if err := status.Err(); err != nil && status.State != thin.OutOfDataSpace {
		return false, &thin.Error{Op: "send messages to", Pool: pool, Err: err}
	}
	for _, m := range messages {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if err := t.tell(ctx, dev, pool, m); err != nil {
			return false, err
		}
	}
	_, err = dev.Message(0, fmt.Sprintf("set_transaction_id %d %d", status.TransactionID, want))
	if err != nil {
		return false, &thin.Error{Op: "set transaction id of", Pool: pool, Err: err}
	}
	return true, nil
}

// poolStatus asks a pool for its state, as it is on disk.
func poolStatus(dev *dm.Device) (thin.Status, error) {
	lines, err := dev.Status(dm.StatusOptions{})
	if err != nil {
		return thin.Status{}, err
	}
	if len(lines) == 1 {
		if k, ok := lines[0].Status.(dm.ThinPoolStatus); ok {
			return thin.StatusOf(k), nil
		}
	}
	return thin.Status{}, fmt.Errorf("status of %s is not a thin pool's: %v", dev, lines)
}

// tell sends one message. What an earlier attempt did already is no error.
func (t *transition) tell(ctx context.Context, dev *dm.Device, pool string, m ThinMessage) error {
	if m.Create == "" {
		return sendToPool(dev, "delete", pool, thin.DeviceID(m.Delete), syscall.ENODATA, fmt.Sprintf("delete %d", m.Delete))
	}
	v, err := t.thinOf(pool, m.Create)
	if err != nil {
		return err
	}
	id := thin.DeviceID(v.DeviceID)
	if v.Origin == "" {
		return sendToPool(dev, "create", pool, id, syscall.EEXIST, fmt.Sprintf("create_thin %d", id))
	}
	origin, err := t.thinOf(pool, v.Origin)
	if err != nil {
		return err
	}
	return t.quiet(ctx, t.r.lvs[v.Origin], func() error {
		return sendToPool(dev, "create snapshot", pool, id, syscall.EEXIST, fmt.Sprintf("create_snap %d %d", id, origin.DeviceID))
	})
}

func sendToPool(dev *dm.Device, op, pool string, id thin.DeviceID, done syscall.Errno, message string) error {
	_, err := dev.Message(0, message)
	if err == nil || errors.Is(err, done) {
		return nil
	}
	return &thin.Error{Op: op, Pool: pool, ID: &id, Err: err}
}

func (t *transition) thinOf(pool, name string) (*Thin, error) {
	lv := t.r.lvs[name]
	if lv == nil {
		return nil, &StackError{LV: pool, Reason: fmt.Sprintf("a message is about the LV %q, which is not there", name)}
	}
	v, ok := only(lv).(*Thin)
	if !ok || v.Pool != pool {
		return nil, &StackError{LV: pool, Reason: fmt.Sprintf("a message is about the LV %q, which is no volume of it", name)}
	}
	return v, nil
}

// quiet runs do while an active thin volume does no I/O, its file system
// frozen: the kernel would take a snapshot all the same, and the origin go on
// to write into shared blocks. It is resumed in any case.
func (t *transition) quiet(ctx context.Context, lv *LV, do func() error) (err error) {
	for _, layer := range []Layer{LayerNone, LayerReal} {
		dev := t.a.conn.Device(dm.ByUUID(DeviceUUID(t.r.vg.ID, lv.ID, layer)))
		info, infoErr := dev.Info()
		if errors.Is(infoErr, syscall.ENXIO) {
			continue
		}
		if infoErr != nil {
			return infoErr
		}
		if info.Suspended || !info.Active {
			continue
		}
		if err := dev.Suspend(dm.SuspendOptions{}); err != nil {
			return err
		}
		defer func() {
			udev := dm.UdevOptions{Batch: t.udev}
			if layer != LayerNone {
				udev.Flags = udevHidden
			}
			err = errors.Join(err, dev.Resume(context.WithoutCancel(ctx), dm.SuspendOptions{Udev: udev}))
		}()
	}
	return do()
}
