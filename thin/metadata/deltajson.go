package metadata

// deltaJSON prints a document with a line for each change.
type deltaJSON struct {
	verbose bool
	changes bool // there was one
}

func (*deltaJSON) begin(b []byte, d *Delta) []byte {
	b = jsonField(append(b, "{\n  "...), "left", d.left.ID)
	b = jsonField(append(b, ",\n  "...), "right", d.right.ID)
	b = jsonField(append(b, ",\n  "...), "transaction_id", d.trees.sb.TransactionID)
	b = jsonField(append(b, ",\n  "...), "data_block_sectors", uint64(d.trees.sb.DataBlockSize))
	return append(b, ",\n  \"changes\": ["...)
}

func (p *deltaJSON) change(b []byte, c Change) []byte {
	b = comma(b, &p.changes)
	b = append(b, "\n    {\"kind\": \""...)
	b = append(b, c.Kind.String()...)
	b = jsonField(append(b, "\", "...), "virtual_block", c.Virtual)
	b = jsonField(append(b, ", "...), "length", c.Length)
	if p.verbose {
		b = jsonMaybe(append(b, ", "...), "left_data_block", c.Left, c.Kind != RightOnly)
		b = jsonMaybe(append(b, ", "...), "right_data_block", c.Right, c.Kind != LeftOnly)
	}
	return append(b, '}')
}

func (*deltaJSON) end(b []byte) []byte { return append(b, "]\n}\n"...) }

// jsonMaybe appends a key and its value, or null.
func jsonMaybe(b []byte, key string, value uint64, is bool) []byte {
	if is {
		return jsonField(b, key, value)
	}
	b = append(b, '"')
	b = append(b, key...)
	return append(b, `": null`...)
}
