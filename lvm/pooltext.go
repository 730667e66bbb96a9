package lvm

import (
	"strconv"

	"github.com/rok-storage/rok/units"
)

// The keys of a thin-pool segment: _thin_pool_text_export, lib/thin/thin.c.
const (
	poolMetadata = segOwn + iota
	poolData
	poolTransaction
	poolChunk
	poolDiscards
	poolZero
	poolCrop
	poolMessage // messageN
)

var poolKeys = []string{
	segStart: "start_extent", segLength: "extent_count", segReshape: "reshape_count", segType: "type", segTags: "tags",
	poolMetadata: "metadata", poolData: "pool", poolTransaction: "transaction_id", poolChunk: "chunk_size",
	poolDiscards: "discards", poolZero: "zero_new_blocks", poolCrop: "crop_metadata",
}

func (t *ThinPool) read(d *decoder, e *entries) {
	r := d.r
	switch e.index {
	case poolMetadata:
		t.Metadata = r.Text()
	case poolData:
		t.Data = r.Text()
	case poolTransaction:
		t.TransactionID = r.Uint64()
	case poolChunk:
		t.ChunkSize = units.Sectors(r.Uint32())
	case poolDiscards:
		t.Discards = r.Text()
	case poolZero:
		t.ZeroNewBlocks = r.Int(0, 1) == 1
	case poolCrop:
		crop := r.Int(0, 1) == 1
		t.CropMetadata = &crop
	case poolMessage:
		t.Messages = append(t.Messages, d.readMessage(e))
	}
}

// readMessage reads the section that the reader is at.
func (d *decoder) readMessage(e *entries) ThinMessage {
	var m ThinMessage
	r, at, found := d.r, d.r.Offset(), 0
	for r.Next() {
		switch r.Key() {
		case "create":
			m.Create = r.Text()
		case "delete":
			m.Delete = uint32(r.Int(0, maxThinDevice))
		default:
			r.Fail(r.Offset(), e.fault(ErrStructure, "a message %q is not known", r.Key()))
		}
		found++
	}
	if found != 1 {
		r.Fail(at, e.fault(ErrStructure, "%s is not one message", e.after))
	}
	return m
}

func (t *ThinPool) print(p *printer) {
	p.text("metadata", t.Metadata)
	p.text("pool", t.Data)
	p.number("transaction_id", t.TransactionID)
	p.size("chunk_size", uint64(t.ChunkSize), t.ChunkSize)
	p.textIf("discards", t.Discards)
	if t.ZeroNewBlocks {
		p.number("zero_new_blocks", 1)
	} else {
		p.behind("zero_new_blocks")
	}
	if t.CropMetadata != nil {
		crop := uint64(0)
		if *t.CropMetadata {
			crop = 1
		}
		p.number("crop_metadata", crop)
	} else {
		p.behind("crop_metadata")
	}
	for i, m := range t.Messages {
		name := "message" + strconv.Itoa(i+1)
		if i == 0 {
			p.blank()
		}
		p.head(name)
		if m.Create != "" {
			p.text("create", m.Create)
		} else {
			p.number("delete", uint64(m.Delete))
		}
		p.close()
		p.behind(name)
	}
}
