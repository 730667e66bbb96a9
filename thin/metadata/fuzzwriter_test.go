package metadata

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/rok-storage/rok/units"
	"github.com/stretchr/testify/require"
)

// FuzzDecodeXML: any text is refused at a line that it has, or says something that
// says the same when it is printed.
func FuzzDecodeXML(f *testing.F) {
	f.Add([]byte(xmlHead + xmlDevice + xmlSingle + xmlTail))
	f.Add([]byte(`<?xml version="1.0"?>` + strings.Replace(xmlHead, `uuid=""`, `uuid='a&lt;"'`, 1) + "<!-- > -->\n" + xmlDevice +
		`<range_mapping origin_begin="18446744073709551615" data_begin="5" length="6" time="1"></range_mapping>` + xmlTail))
	f.Add([]byte(xmlHead + `<def name="1">`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var s told
		if err := DecodeXML(t.Context(), bytes.NewReader(text), &s); err != nil {
			var at *XMLError
			require.ErrorAs(t, err, &at)
			require.LessOrEqual(t, at.Line, 1+bytes.Count(text, []byte("\n")))
			return
		}
		var joined []volume
		for _, v := range s.volumes {
			list := v.mappings
			v.mappings = nil
			for _, m := range list {
				if n := len(v.mappings); n == 0 || !v.mappings[n-1].Join(m) {
					v.mappings = append(v.mappings, m)
				}
			}
			joined = append(joined, v)
		}
		s.pool.UUID = [16]byte{}
		var again told
		require.NoError(t, DecodeXML(t.Context(), strings.NewReader(thinXML(s.pool, joined)), &again))
		require.Equal(t, s.pool, again.pool)
		require.Len(t, again.volumes, len(joined))
		for i, v := range again.volumes {
			require.Equal(t, joined[i].id, v.id)
			require.Equal(t, joined[i].mappings, v.mappings)
		}
	})
}

// fuzzMapping is the length of one order of FuzzWriter.
const fuzzMapping = 8

// FuzzWriter writes a pool that bytes describe. Each 8 of them begin a device, or
// are a mapping: a step ahead, data block, length, time. What is refused is left out; the
// rest passes Check and is read back.
func FuzzWriter(f *testing.F) {
	order := func(step uint8, data, length uint16, time uint8, device bool) []byte {
		b := []byte{step, 0}
		if device {
			b[1] = 1
		}
		b = binary.LittleEndian.AppendUint16(b, data)
		return append(binary.LittleEndian.AppendUint16(b, length), time, 0)
	}
	f.Add(uint16(9), uint16(100), []byte{})
	f.Add(uint16(60), uint16(5000), bytes.Repeat(order(1, 7, 3, 0, true), 9))
	f.Add(uint16(200), uint16(50000), append(append(order(1, 0, 20000, 1, true), order(1, 10, 20000, 1, true)...), order(2, 5, 9000, 3, true)...))
	f.Fuzz(func(t *testing.T, blocks, data uint16, orders []byte) {
		dev := &memory{image: make([]byte, int(blocks%2000)*BlockSize)}
		pool := Pool{DataBlockSize: 128, DataBlocks: uint64(data)}
		w, err := NewWriter(dev, units.Bytes(len(dev.image)), pool)
		if err != nil {
			require.ErrorAs(t, err, new(*NoRoomError))
			return
		}
		var volumes []volume
		var next uint64
		for ; len(orders) >= fuzzMapping; orders = orders[fuzzMapping:] {
			le := binary.LittleEndian
			m := Mapping{Data: uint64(le.Uint16(orders[2:])), Length: uint64(le.Uint16(orders[4:])), Time: uint32(orders[6])}
			if orders[1]&1 != 0 || len(volumes) == 0 {
				id := uint64(len(volumes)) * 7
				require.NoError(t, w.Device(id, DeviceDetail{CreationTime: uint32(orders[7])}))
				volumes = append(volumes, volume{id: id, detail: DeviceDetail{CreationTime: uint32(orders[7])}})
				next = 0
			}
			m.Virtual = next + uint64(orders[0])
			if err := w.Map(m); err != nil {
				require.ErrorIs(t, err, ErrDataRange)
				continue
			}
			next = m.Virtual + m.Length
			v := &volumes[len(volumes)-1]
			v.detail.MappedBlocks += m.Length
			if n := len(v.mappings); m.Length > 0 && (n == 0 || !v.mappings[n-1].Join(m)) {
				v.mappings = append(v.mappings, m)
			}
		}
		if _, err := w.Commit(); err != nil {
			var short *NoRoomError
			require.True(t, errors.As(err, &short), err)
			require.Greater(t, short.Needed, short.Have)
			return
		}
		report, err := check(t, dev.image)
		require.NoError(t, err)
		require.NoError(t, report.Err())
		require.Empty(t, report.Warnings)
		require.Zero(t, report.MetadataLeaks.Blocks+report.DataLeaks.Blocks)
		require.EqualValues(t, len(volumes), report.Devices)
		require.Equal(t, w.mapped, report.Mappings)
		require.Equal(t, volumes, readBack(t, dev.image))
	})
}

// readBack is what the trees of image hold.
func readBack(t testing.TB, image []byte) []volume {
	t.Helper()
	var volumes []volume
	m := openImage(t, image)
	for d, err := range m.Trees().Devices() {
		require.NoError(t, err)
		v := volume{id: d.ID, detail: d.Detail}
		for run, err := range m.Mappings(d) {
			require.NoError(t, err)
			v.mappings = append(v.mappings, run)
		}
		volumes = append(volumes, v)
	}
	return volumes
}
