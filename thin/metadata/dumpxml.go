package metadata

import (
	"io"
	"strconv"
)

// WriteXML writes what t holds as thin_dump 0.9 does, byte for byte, and
// thin_restore reads: the UUID is left out, and what the two trees do not both
// have. A device without details (see [DumpOptions].Damage) has zeros for them.
func (t *Trees) WriteXML(w io.Writer, o DumpOptions) error { return t.dump(w, xmlDumper{}, o) }

type xmlDumper struct{}

func (xmlDumper) begin(b []byte, sb Superblock) []byte {
	b = append(b, `<superblock uuid=""`...)
	b = xmlAttr(b, "time", uint64(sb.Time))
	b = xmlAttr(b, "transaction", sb.TransactionID)
	b = xmlAttr(b, "flags", uint64(sb.Flags))
	b = xmlAttr(b, "version", uint64(sb.Version))
	b = xmlAttr(b, "data_block_size", uint64(sb.DataBlockSize))
	b = xmlAttr(b, "nr_data_blocks", sb.DataSpaceMap.Blocks)
	return append(b, ">\n"...)
}

func (xmlDumper) beginDevice(b []byte, d ThinDevice) []byte {
	b = append(b, "  <device"...)
	b = xmlAttr(b, "dev_id", d.ID)
	b = xmlAttr(b, "mapped_blocks", d.Detail.MappedBlocks)
	b = xmlAttr(b, "transaction", d.Detail.TransactionID)
	b = xmlAttr(b, "creation_time", uint64(d.Detail.CreationTime))
	b = xmlAttr(b, "snap_time", uint64(d.Detail.SnapshottedTime))
	return append(b, ">\n"...)
}

func (xmlDumper) mapping(b []byte, m Mapping) []byte {
	if m.Length == 1 {
		b = append(b, "    <single_mapping"...)
		b = xmlAttr(b, "origin_block", m.Virtual)
		b = xmlAttr(b, "data_block", m.Data)
	} else {
		b = append(b, "    <range_mapping"...)
		b = xmlAttr(b, "origin_begin", m.Virtual)
		b = xmlAttr(b, "data_begin", m.Data)
		b = xmlAttr(b, "length", m.Length)
	}
	b = xmlAttr(b, "time", uint64(m.Time))
	return append(b, "/>\n"...)
}

func (xmlDumper) endDevice(b []byte) []byte { return append(b, "  </device>\n"...) }

func (xmlDumper) end(b []byte) []byte { return append(b, "</superblock>\n"...) }

// xmlAttr appends an attribute.
func xmlAttr(b []byte, name string, value uint64) []byte {
	b = append(b, ' ')
	b = append(b, name...)
	b = append(b, '=', '"')
	b = strconv.AppendUint(b, value, 10)
	return append(b, '"')
}
