package metadata

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/rok-storage/rok/units"
)

// ErrXML matches a text that is not the XML of a pool.
var ErrXML = errors.New("not the XML of a thin pool")

// XMLSink is told what [DecodeXML] reads, in the order of the text. An error of
// it ends the reading.
type XMLSink interface {
	// Pool comes first and once.
	Pool(Pool) error
	// Device begins a device. MappedBlocks is as the text has it.
	Device(id uint64, d DeviceDetail) error
	// Map is a mapping of the device that was begun last.
	Map(Mapping) error
}

// DecodeXML reads the XML that thin_dump writes and thin_restore reads:
//
//	<superblock uuid="" time="1" transaction="2" flags="0" version="2" data_block_size="128" nr_data_blocks="100">
//	  <device dev_id="1" mapped_blocks="4" transaction="0" creation_time="0" snap_time="1">
//	    <single_mapping origin_block="0" data_block="7" time="0"/>
//	    <range_mapping origin_begin="1" data_begin="10" length="3" time="1"/>
//	  </device>
//	</superblock>
//
// As there, flags and version may be missing: they are then 0 and 1. Numbers
// are decimal; the data block size counts sectors. The UUID is text of up to 16
// bytes. <def> and <ref>, with which thin_dump before 0.9 told of shared
// subtrees, are refused with errors.ErrUnsupported. So is, with [ErrXML], what
// has no meaning here, though thin_restore skips some of it: other elements and
// attributes, text, a DOCTYPE.
//
// Memory is 64 KiB, whatever the text. The error is an [XMLError], which wraps
// those of r, ctx and sink.
func DecodeXML(ctx context.Context, r io.Reader, sink XMLSink) error {
	d := &xmlDecoder{scanner: newXMLScanner(ctx, r), sink: sink}
	err := d.run()
	if err == nil {
		return nil
	}
	return &XMLError{Line: d.scanner.at(), Err: err}
}

// xmlDecoder knows which element may stand in which.
type xmlDecoder struct {
	scanner *xmlScanner
	sink    XMLSink
}

func (d *xmlDecoder) run() error {
	tag, err := d.scanner.next()
	switch {
	case errors.Is(err, io.EOF):
		return fmt.Errorf("no <superblock>: %w", io.ErrUnexpectedEOF)
	case err != nil:
		return err
	case string(tag.name) != "superblock" || tag.end:
		return unexpectedTag(tag, "<superblock>")
	}
	if err := d.superblock(tag); err != nil {
		return err
	}
	switch tag, err := d.scanner.next(); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	default:
		return unexpectedTag(tag, "the end of the text")
	}
}

// child returns the next tag inside parent, or nil at its end.
func (d *xmlDecoder) child(parent string) (*xmlTag, error) {
	tag, err := d.scanner.next()
	switch {
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("no </%s>: %w", parent, io.ErrUnexpectedEOF)
	case err != nil:
		return nil, err
	case !tag.end:
		return tag, nil
	case string(tag.name) != parent:
		return nil, unexpectedTag(tag, "</"+parent+">")
	}
	return nil, nil
}

func unexpectedTag(tag *xmlTag, expected string) error {
	if name := string(tag.name); name == "def" || name == "ref" {
		return fmt.Errorf("<%s>, a subtree that is shared by name: thin_dump 0.9 and later write none: %w", name, errors.ErrUnsupported)
	}
	slash := ""
	if tag.end {
		slash = "/"
	}
	return fmt.Errorf("<%s%.40s> where %s is to be: %w", slash, tag.name, expected, ErrXML)
}

func (d *xmlDecoder) superblock(tag *xmlTag) error {
	f := xmlFields{tag: tag}
	var p Pool
	uuid, ok := f.take("uuid")
	if !ok {
		f.fail("no attribute uuid")
	} else if text, err := xmlText(uuid); err != nil {
		f.fail("attribute uuid: %v", err)
	} else if copy(p.UUID[:], text) < len(text) {
		f.fail("attribute uuid: %q has more than %d bytes", text, len(p.UUID))
	}
	p.Time = f.number32("time")
	p.TransactionID = f.number("transaction", math.MaxUint64)
	p.Flags = uint32(f.optional("flags", math.MaxUint32, 0))
	if p.Version = uint32(f.optional("version", math.MaxUint32, 1)); p.Version == 0 {
		f.fail("attribute version: 0 is none")
	}
	p.DataBlockSize = units.Sectors(f.number32("data_block_size"))
	p.DataBlocks = f.number("nr_data_blocks", math.MaxUint64)
	if err := f.done(); err != nil {
		return err
	}
	if err := d.sink.Pool(p); err != nil {
		return err
	}
	for empty := tag.empty; !empty; {
		tag, err := d.child("superblock")
		if tag == nil {
			return err
		}
		if string(tag.name) != "device" {
			return unexpectedTag(tag, "<device>")
		}
		if err := d.device(tag); err != nil {
			return err
		}
	}
	return nil
}

func (d *xmlDecoder) device(tag *xmlTag) error {
	f := xmlFields{tag: tag}
	id := f.number("dev_id", math.MaxUint64)
	detail := DeviceDetail{
		MappedBlocks: f.number("mapped_blocks", math.MaxUint64), TransactionID: f.number("transaction", math.MaxUint64),
		CreationTime: f.number32("creation_time"), SnapshottedTime: f.number32("snap_time"),
	}
	if err := f.done(); err != nil {
		return err
	}
	if err := d.sink.Device(id, detail); err != nil {
		return err
	}
	for empty := tag.empty; !empty; {
		tag, err := d.child("device")
		if tag == nil {
			return err
		}
		if err := d.mapping(tag); err != nil {
			return err
		}
	}
	return nil
}

func (d *xmlDecoder) mapping(tag *xmlTag) error {
	f := xmlFields{tag: tag}
	var m Mapping
	name := "single_mapping"
	switch string(tag.name) {
	case name:
		m.Virtual, m.Data, m.Length = f.number("origin_block", math.MaxUint64), f.number("data_block", math.MaxUint64), 1
	case "range_mapping":
		name = "range_mapping"
		m.Virtual, m.Data = f.number("origin_begin", math.MaxUint64), f.number("data_begin", math.MaxUint64)
		m.Length = f.number("length", math.MaxUint64)
	default:
		return unexpectedTag(tag, "a mapping")
	}
	m.Time = f.number32("time")
	if err := f.done(); err != nil {
		return err
	}
	if err := d.sink.Map(m); err != nil || tag.empty {
		return err
	}
	tag, err := d.child(name)
	if tag != nil {
		return unexpectedTag(tag, "</"+name+">")
	}
	return err
}

// xmlText replaces the entities that XML itself has. A value of a pool's XML
// has no others.
func xmlText(value []byte) ([]byte, error) {
	if bytes.IndexByte(value, '<') >= 0 {
		return nil, errors.New("a < that is not &lt;")
	}
	var text []byte
	for {
		i := bytes.IndexByte(value, '&')
		if i < 0 {
			return append(text, value...), nil
		}
		text = append(text, value[:i]...)
		value = value[i:]
		n := len(value)
		for entity, c := range map[string]byte{"&lt;": '<', "&gt;": '>', "&amp;": '&', "&quot;": '"', "&apos;": '\''} {
			if bytes.HasPrefix(value, []byte(entity)) {
				text, value = append(text, c), value[len(entity):]
				break
			}
		}
		if len(value) == n {
			return nil, errors.New("an entity that is not known")
		}
	}
}
