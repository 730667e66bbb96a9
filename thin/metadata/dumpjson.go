package metadata

import (
	"encoding/hex"
	"io"
	"strconv"
)

// WriteJSON writes what t holds as one JSON document, a mapping to a line: the
// fields of [Trees.WriteXML] under the names of this package, the UUID (of bytes, in
// hexadecimal) and whether the pool needs a check.
func (t *Trees) WriteJSON(w io.Writer, o DumpOptions) error { return t.dump(w, &jsonDumper{}, o) }

// jsonDumper remembers whether a comma is due.
type jsonDumper struct {
	devices, mappings bool
}

func (*jsonDumper) begin(b []byte, sb Superblock) []byte {
	b = append(b, "{\n  \"uuid\": \""...)
	b = hex.AppendEncode(b, sb.UUID[:])
	b = append(b, '"')
	b = jsonField(append(b, ",\n  "...), "time", uint64(sb.Time))
	b = jsonField(append(b, ",\n  "...), "transaction_id", sb.TransactionID)
	b = append(b, ",\n  \"needs_check\": "...)
	b = strconv.AppendBool(b, sb.NeedsCheck())
	b = jsonField(append(b, ",\n  "...), "version", uint64(sb.Version))
	b = jsonField(append(b, ",\n  "...), "data_block_sectors", uint64(sb.DataBlockSize))
	b = jsonField(append(b, ",\n  "...), "data_blocks", sb.DataSpaceMap.Blocks)
	return append(b, ",\n  \"devices\": ["...)
}

func (p *jsonDumper) beginDevice(b []byte, d ThinDevice) []byte {
	b = comma(b, &p.devices)
	b = jsonField(append(b, "\n    {"...), "device_id", d.ID)
	b = jsonField(append(b, ", "...), "mapped_blocks", d.Detail.MappedBlocks)
	b = jsonField(append(b, ", "...), "transaction_id", d.Detail.TransactionID)
	b = jsonField(append(b, ", "...), "creation_time", uint64(d.Detail.CreationTime))
	b = jsonField(append(b, ", "...), "snapshotted_time", uint64(d.Detail.SnapshottedTime))
	p.mappings = false
	return append(b, ", \"mappings\": ["...)
}

func (p *jsonDumper) mapping(b []byte, m Mapping) []byte {
	b = comma(b, &p.mappings)
	b = jsonField(append(b, "\n      {"...), "virtual_block", m.Virtual)
	b = jsonField(append(b, ", "...), "data_block", m.Data)
	b = jsonField(append(b, ", "...), "length", m.Length)
	b = jsonField(append(b, ", "...), "time", uint64(m.Time))
	return append(b, '}')
}

func (*jsonDumper) endDevice(b []byte) []byte { return append(b, "]}"...) }

func (*jsonDumper) end(b []byte) []byte { return append(b, "]\n}\n"...) }

// jsonField appends a key and its value.
func jsonField(b []byte, key string, value uint64) []byte {
	b = append(b, '"')
	b = append(b, key...)
	b = append(b, '"', ':', ' ')
	return strconv.AppendUint(b, value, 10)
}

// comma appends one before all elements but the first.
func comma(b []byte, due *bool) []byte {
	if *due {
		b = append(b, ',')
	}
	*due = true
	return b
}
