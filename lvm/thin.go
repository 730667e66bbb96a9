package lvm

// CreateThin creates a thin volume.
type CreateThin struct {
	Pool string
	Name string // empty: lvolN
	Size Amount // absolute; what it can hold, not what there is
	Options
}

// CreateThinSnapshot creates a snapshot of a thin volume, in its pool. lvm2 does
// not activate such snapshots by themselves: set ActivationSkip to do as it does.
type CreateThinSnapshot struct {
	Origin string
	Name   string // empty: lvolN
	Options
}

// CreateExternalSnapshot creates a thin volume that reads from another LV what
// was not written to it. The other must be read-only, and stays so.
type CreateExternalSnapshot struct {
	Origin string
	Pool   string
	Name   string // empty: lvolN
	Options
}

func (op CreateThin) about(vg *VG) (string, string) {
	return "create thin volume", vg.Name + "/" + op.Name
}

func (op CreateThinSnapshot) about(vg *VG) (string, string) {
	return "create thin snapshot", vg.Name + "/" + op.Name
}

func (op CreateExternalSnapshot) about(vg *VG) (string, string) {
	return "create thin volume", vg.Name + "/" + op.Name
}

func (op CreateThin) apply(b *Batch) (string, error) {
	none := func(string) (Extents, error) { return 0, refuse(ErrInvalid, "a thin volume's size is no share") }
	n, err := op.Size.extents(b.vg.ExtentSize, none, roundUp, roundUp)
	switch {
	case err != nil:
		return "", err
	case n == 0:
		return "", refuse(ErrInvalid, "no size")
	case n > maxExtents:
		return "", refuse(ErrLimit, "%d extents", n)
	}
	return b.createThin(op.Pool, op.Name, &op.Options, n, Thin{})
}

func (op CreateThinSnapshot) apply(b *Batch) (string, error) {
	origin, err := b.find(op.Origin)
	if err != nil {
		return "", refuse(ErrNotFound, "origin %s", op.Origin)
	}
	t, ok := segmentOf[*Thin](origin.lv)
	if !ok {
		return "", refuse(ErrNotSupported, "%s is no thin volume", op.Origin)
	}
	if err := b.settled(origin); err != nil {
		return "", err
	}
	thin := Thin{Origin: origin.lv.Name, ExternalOrigin: t.ExternalOrigin}
	return b.createThin(t.Pool, op.Name, &op.Options, origin.lv.Size(), thin)
}

func (op CreateExternalSnapshot) apply(b *Batch) (string, error) {
	origin, err := b.find(op.Origin)
	if err != nil {
		return "", refuse(ErrNotFound, "origin %s", op.Origin)
	}
	if err := b.mayBeExternal(origin); err != nil {
		return "", err
	}
	return b.createThin(op.Pool, op.Name, &op.Options, origin.lv.Size(), Thin{ExternalOrigin: origin.lv.Name})
}

func (b *Batch) mayBeExternal(m *member) error {
	if err := b.mayBeOrigin(m); err != nil {
		return err
	}
	if m.lv.Writable() {
		return refuse(ErrNotSupported, "%s is writable: an external origin is read-only", m.lv.Name)
	}
	return nil
}

// createThin makes the LV of a thin volume and has its pool told.
func (b *Batch) createThin(poolName, name string, o *Options, n Extents, thin Thin) (string, error) {
	if err := b.complete(); err != nil {
		return "", err
	}
	if o.Allocation != AllocInherit {
		return "", refuse(ErrInvalid, "a thin volume has no extents to allocate")
	}
	pool, err := b.thinPool(poolName)
	if err != nil {
		return "", err
	}
	if name, err = b.newName(name, o); err != nil {
		return "", err
	}
	tx, err := b.begin(pool)
	if err != nil {
		return "", err
	}
	if thin.DeviceID, err = tx.nextDevice(); err != nil {
		return "", err
	}
	lv := b.newLV(name, true)
	o.set(lv)
	thin.Pool, thin.TransactionID = poolName, tx.before
	lv.Segments = []Segment{{Length: n, Type: &thin}}
	b.add(lv)
	tx.create(b, name, thin.DeviceID)
	return name, nil
}

// thinPool returns the LV of a thin pool.
func (b *Batch) thinPool(name string) (*member, error) {
	m := b.names[name]
	if m == nil {
		return nil, refuse(ErrNotFound, "pool %s", name)
	}
	if _, ok := segmentOf[*ThinPool](m.lv); !ok {
		return nil, refuse(ErrNotSupported, "%s is no thin pool", name)
	}
	return m, nil
}
