package lvm

// maxThinDevice is the largest device id: DM_THIN_MAX_DEVICE_ID, libdevmapper.h.
const maxThinDevice = 1<<24 - 1

// The keys of a thin segment: _thin_text_export, lib/thin/thin.c.
const (
	thinPool = segOwn + iota
	thinTransaction
	thinDevice
	thinExternal
	thinOrigin
	thinMerge
)

var thinKeys = []string{
	segStart: "start_extent", segLength: "extent_count", segReshape: "reshape_count", segType: "type", segTags: "tags",
	thinPool: "thin_pool", thinTransaction: "transaction_id", thinDevice: "device_id",
	thinExternal: "external_origin", thinOrigin: "origin", thinMerge: "merge",
}

func (t *Thin) read(d *decoder, e *entries) {
	r := d.r
	switch e.index {
	case thinPool:
		t.Pool = r.Text()
	case thinTransaction:
		t.TransactionID = r.Uint64()
	case thinDevice:
		t.DeviceID = uint32(r.Int(0, maxThinDevice))
	case thinExternal:
		t.ExternalOrigin = r.Text()
	case thinOrigin:
		t.Origin = r.Text()
	case thinMerge:
		t.Merge = r.Text()
	}
}

func (t *Thin) print(p *printer) {
	p.text("thin_pool", t.Pool)
	p.number("transaction_id", t.TransactionID)
	p.number("device_id", uint64(t.DeviceID))
	p.textIf("external_origin", t.ExternalOrigin)
	p.textIf("origin", t.Origin)
	p.textIf("merge", t.Merge)
}
