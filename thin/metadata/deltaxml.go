package metadata

// deltaXML is what thin_delta prints.
type deltaXML struct{}

func (deltaXML) begin(b []byte, d *Delta) []byte {
	sb := d.trees.sb
	b = append(b, `<superblock uuid=""`...)
	b = xmlAttr(b, "time", uint64(sb.Time))
	b = xmlAttr(b, "transaction", sb.TransactionID)
	b = xmlAttr(b, "data_block_size", uint64(sb.DataBlockSize))
	b = xmlAttr(b, "nr_data_blocks", sb.DataSpaceMap.Blocks)
	if sb.HeldRoot != 0 {
		b = xmlAttr(b, "metadata_snap", sb.HeldRoot)
	}
	b = append(b, ">\n  <diff"...)
	b = xmlAttr(b, "left", d.left.ID)
	b = xmlAttr(b, "right", d.right.ID)
	return append(b, ">\n"...)
}

func (deltaXML) change(b []byte, c Change) []byte {
	b = append(b, "    <"...)
	b = append(b, c.Kind.String()...)
	b = xmlAttr(b, "begin", c.Virtual)
	b = xmlAttr(b, "length", c.Length)
	return append(b, "/>\n"...)
}

func (deltaXML) end(b []byte) []byte { return append(b, "  </diff>\n</superblock>\n"...) }

// verboseDeltaXML is what thin_delta --verbose prints: runs of one kind, however far
// apart, in one element.
type verboseDeltaXML struct {
	deltaXML
	open bool // an element of kind
	kind ChangeKind
}

func (x *verboseDeltaXML) change(b []byte, c Change) []byte {
	if !x.open || x.kind != c.Kind {
		b = x.close(b)
		x.open, x.kind = true, c.Kind
		b = append(b, "    <"...)
		b = append(b, c.Kind.String()...)
		b = append(b, ">\n"...)
	}
	b = append(b, "      <range"...)
	b = xmlAttr(b, "begin", c.Virtual)
	switch c.Kind {
	case Different:
		b = xmlAttr(b, "left_data_begin", c.Left)
		b = xmlAttr(b, "right_data_begin", c.Right)
	case RightOnly:
		b = xmlAttr(b, "data_begin", c.Right)
	default:
		b = xmlAttr(b, "data_begin", c.Left)
	}
	b = xmlAttr(b, "length", c.Length)
	return append(b, "/>\n"...)
}

func (x *verboseDeltaXML) close(b []byte) []byte {
	if x.open {
		b = append(b, "    </"...)
		b = append(b, x.kind.String()...)
		b = append(b, ">\n"...)
	}
	x.open = false
	return b
}

func (x *verboseDeltaXML) end(b []byte) []byte { return x.deltaXML.end(x.close(b)) }
