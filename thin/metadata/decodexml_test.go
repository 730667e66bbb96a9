package metadata

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// told is a sink that keeps what it is told.
type told struct {
	pool    Pool
	volumes []volume
	err     error
}

func (s *told) Pool(p Pool) error {
	s.pool = p
	return s.err
}

func (s *told) Device(id uint64, d DeviceDetail) error {
	s.volumes = append(s.volumes, volume{id: id, detail: d})
	return nil
}

func (s *told) Map(m Mapping) error {
	v := &s.volumes[len(s.volumes)-1]
	v.mappings = append(v.mappings, m)
	return nil
}

const (
	xmlHead   = `<superblock uuid="" time="1" transaction="2" flags="0" version="2" data_block_size="128" nr_data_blocks="100">`
	xmlDevice = `<device dev_id="1" mapped_blocks="4" transaction="5" creation_time="6" snap_time="7">`
	xmlSingle = `<single_mapping origin_block="0" data_block="7" time="3"/>`
	xmlTail   = `</device></superblock>`
)

func TestDecodeXML(t *testing.T) {
	pool := Pool{Time: 1, TransactionID: 2, Version: 2, DataBlockSize: 128, DataBlocks: 100}
	device := volume{id: 1, detail: DeviceDetail{4, 5, 6, 7}}
	mapped := device
	mapped.mappings = []Mapping{{0, 7, 1, 3}}
	for name, c := range map[string]struct {
		text    string
		pool    Pool
		volumes []volume
	}{
		"empty":        {xmlHead + "</superblock>", pool, nil},
		"empty tag":    {strings.TrimSuffix(xmlHead, ">") + "/>", pool, nil},
		"empty device": {xmlHead + xmlDevice + xmlTail, pool, []volume{device}},
		"empty device's tag": {xmlHead + strings.TrimSuffix(xmlDevice, ">") + "/></superblock>",
			pool, []volume{device}},
		"mapping":      {xmlHead + xmlDevice + xmlSingle + xmlTail, pool, []volume{mapped}},
		"mapping open": {xmlHead + xmlDevice + strings.TrimSuffix(xmlSingle, "/>") + "> </single_mapping >" + xmlTail, pool, []volume{mapped}},
		"range": {xmlHead + xmlDevice + `<range_mapping origin_begin="18446744073709551615" data_begin="5" length="6" time="4294967295"/>` + xmlTail,
			pool, []volume{{1, device.detail, []Mapping{{1<<64 - 1, 5, 6, 1<<32 - 1}}}}},
		"around it": {"<?xml version=\"1.0\"?>\n<!-- a > b -- c --->\n" + xmlHead + "<!---->\t</superblock\n>\r\n<!-- end -->", pool, nil},
		"spelling": {`<superblock nr_data_blocks = '100' uuid='a&lt;"&amp;&apos;>'` + "\n\t" + `time="1" transaction="2" data_block_size="128"></superblock>`,
			Pool{UUID: [16]byte{'a', '<', '"', '&', '\'', '>'}, Time: 1, TransactionID: 2, Version: 1, DataBlockSize: 128, DataBlocks: 100}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			for _, r := range []io.Reader{strings.NewReader(c.text), iotest.OneByteReader(strings.NewReader(c.text)),
				iotest.DataErrReader(strings.NewReader(c.text))} {
				var s told
				require.NoError(t, DecodeXML(t.Context(), r, &s))
				require.Equal(t, c.pool, s.pool)
				require.Equal(t, c.volumes, s.volumes)
			}
		})
	}
}

func TestDecodeXMLRefuses(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		text string
		line int
		want error
		says string
	}{
		{"", 1, io.ErrUnexpectedEOF, "metadata: XML line 1: no <superblock>: unexpected EOF"},
		{"\n\n" + xmlHead, 3, io.ErrUnexpectedEOF, "metadata: XML line 3: no </superblock>: unexpected EOF"},
		{xmlHead + "\n" + xmlDevice, 2, io.ErrUnexpectedEOF, "no </device>"},
		{xmlHead + "\n<dev", 2, io.ErrUnexpectedEOF, ""},
		{xmlHead + "\n<!-- ", 2, io.ErrUnexpectedEOF, ""},
		{xmlHead + "\n<", 2, io.ErrUnexpectedEOF, ""},
		{"\x7fELF", 1, ErrXML, "text between tags"},
		{"<html>", 1, ErrXML, "<html> where <superblock> is to be"},
		{"</superblock>", 1, ErrXML, ""},
		{"<!DOCTYPE x [<!ENTITY a \"b\">]>" + xmlHead, 1, ErrXML, "a declaration"},
		{xmlHead + "</superblock>\n" + xmlHead, 2, ErrXML, "where the end of the text is to be"},
		{xmlHead + "</superblock>\nx", 2, ErrXML, ""},
		{xmlHead + "</device>", 1, ErrXML, "</device> where </superblock> is to be"},
		{xmlHead + xmlSingle, 1, ErrXML, "<single_mapping> where <device> is to be"},
		{xmlHead + xmlDevice + xmlDevice, 1, ErrXML, "<device> where a mapping is to be"},
		{xmlHead + xmlDevice + strings.Replace(xmlSingle, "/>", ">", 1) + xmlSingle, 1, ErrXML, ""},
		{xmlHead + xmlDevice + "\n\n\n" + strings.Replace(xmlSingle, "7", "x7", 1), 4, ErrXML,
			`metadata: XML line 4: <single_mapping>: attribute data_block: "x7" is no number from 0 to 18446744073709551615`},
		{xmlHead + xmlDevice + strings.Replace(xmlSingle, "7", "18446744073709551616", 1), 1, ErrXML, ""},
		{xmlHead + xmlDevice + strings.Replace(xmlSingle, "7", "-1", 1), 1, ErrXML, ""},
		{xmlHead + xmlDevice + strings.Replace(xmlSingle, "7", "", 1), 1, ErrXML, ""},
		{xmlHead + xmlDevice + strings.Replace(xmlSingle, `"3"`, `"4294967296"`, 1), 1, ErrXML, "4294967296 is more than 4294967295"},
		{xmlHead + xmlDevice + strings.Replace(xmlSingle, "time", "tome", 1), 1, ErrXML, "no attribute time"},
		{xmlHead + xmlDevice + strings.Replace(xmlSingle, "time", `a="1" time`, 1), 1, ErrXML, "an attribute that is not known"},
		{xmlHead + xmlDevice + strings.Replace(xmlSingle, "time", `time="1" time`, 1), 1, ErrXML, `attribute "time" stands there twice`},
		{xmlHead + xmlDevice + strings.Replace(xmlSingle, `"0" `, `"0"`, 1), 1, ErrXML, ""},
		{xmlHead + xmlDevice + strings.Replace(xmlSingle, `"0"`, `0`, 1), 1, ErrXML, "stands in no quotes"},
		{xmlHead + xmlDevice + strings.Replace(xmlSingle, `="0"`, ``, 1), 1, ErrXML, "has no value"},
		{xmlHead + xmlDevice + "<\xff/>", 1, ErrXML, "a tag without a name"},
		{strings.Replace(xmlHead, `uuid=""`, "", 1), 1, ErrXML, "no attribute uuid"},
		{strings.Replace(xmlHead, `uuid=""`, `uuid="0123456789abcdefg"`, 1), 1, ErrXML, "has more than 16 bytes"},
		{strings.Replace(xmlHead, `uuid=""`, `uuid="&lol;"`, 1), 1, ErrXML, "an entity that is not known"},
		{strings.Replace(xmlHead, `version="2"`, `version="0"`, 1), 1, ErrXML, ""},
		{xmlHead + "\n" + `<def name="1">`, 2, errors.ErrUnsupported,
			"metadata: XML line 2: <def>, a subtree that is shared by name: thin_dump 0.9 and later write none: unsupported operation"},
		{xmlHead + xmlDevice + `<ref name="1"/>`, 1, errors.ErrUnsupported, ""},
		{"<" + strings.Repeat("a", 5000), 1, ErrXML, "a tag of more than 4096 bytes"},
		{`<superblock a="` + strings.Repeat(">", 1<<20), 1, ErrXML, ""},
		{"<superblock" + strings.Repeat(` a="1"`, 100) + ">", 1, ErrXML, ""},
		{"<superblock a=\"1\" b=\"\" c=\"\" d=\"\" e=\"\" f=\"\" g=\"\" h=\"\" i=\"\" j=\"\" k=\"\" l=\"\" m=\"\">", 1, ErrXML, "more than 12 attributes"},
	} {
		err := DecodeXML(t.Context(), strings.NewReader(c.text), &told{})
		require.ErrorIs(t, err, c.want, "%.300s", c.text)
		require.ErrorContains(t, err, c.says)
		var at *XMLError
		require.ErrorAs(t, err, &at)
		require.Equal(t, c.line, at.Line, "%.300s", c.text)
	}
	require.ErrorIs(t, DecodeXML(t.Context(), strings.NewReader(xmlHead), &told{err: broken}), broken)
	require.ErrorIs(t, DecodeXML(t.Context(), iotest.ErrReader(broken), &told{}), broken)
	require.ErrorIs(t, DecodeXML(t.Context(), io.MultiReader(strings.NewReader("<super"), iotest.ErrReader(broken)), &told{}), broken)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, DecodeXML(ctx, strings.NewReader(xmlHead), &told{}), context.Canceled)
}

// Text that goes over many windows, lines counted to its end.
func TestDecodeXMLLong(t *testing.T) {
	var b bytes.Buffer
	b.WriteString(xmlHead + "<!--" + strings.Repeat("-\n", 200_000) + "-->" + xmlDevice)
	for range 100_000 {
		b.WriteString("\n" + xmlSingle)
	}
	text := b.String()
	var s told
	require.NoError(t, DecodeXML(t.Context(), strings.NewReader(text+xmlTail), &s))
	require.Len(t, s.volumes[0].mappings, 100_000)
	var at *XMLError
	require.ErrorAs(t, DecodeXML(t.Context(), strings.NewReader(text), &told{}), &at)
	require.Equal(t, 300_001, at.Line)
}
