package disk_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/units"
)

// change is one change of FuzzPV: 16 bits of place, 64 of value.
func change(place uint16, value uint64) []byte {
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint16(nil, place), value)
}

// FuzzPV changes fields of sound PVs, in the label, in the headers of the areas
// and in their rings, makes all checksums right again, and reads everything. A
// change is 10 bytes: 16 bits say where, of the label (first), the area headers
// and the sectors of texts behind them; 64 bits are what is put there.
func FuzzPV(f *testing.F) {
	all := make([][]byte, len(images))
	for i, name := range images {
		all[i] = image(f, name)
	}
	f.Add(byte(0), []byte{})
	f.Add(byte(1), change(512+72, 1<<20))           // the data area
	f.Add(byte(1), change(512+104, 8192))           // the metadata area
	f.Add(byte(3), change(512+120, 4096))           // both at one place
	f.Add(byte(3), change(512+112, 1<<63))          // a lying size
	f.Add(byte(1), change(2048+40, 1<<40))          // a text behind everything
	f.Add(byte(6), change(2048+48, 32768-512))      // a text that is all of the ring
	f.Add(byte(6), change(2048+512, 0x7b207b207b2)) // another first line
	f.Fuzz(func(t *testing.T, which byte, changes []byte) {
		b := bytes.Clone(all[int(which)%len(all)])
		label := mutate(b, changes)
		sealLabel(b[label:])
		h, err := disk.ReadLabel(bytes.NewReader(b))
		if err != nil {
			require.ErrorIs(t, err, disk.ErrDamaged)
			return
		}
		again, err := disk.DecodeLabel(disk.AppendLabel(nil, h), h.Sector)
		require.NoError(t, err)
		require.Equal(t, h, again)
		for i, a := range h.Metadata {
			if !a.Within(units.Bytes(len(b))) {
				require.NotNil(t, h.CheckArea(i, units.Bytes(len(b))))
				continue
			}
			readArea(t, b, a)
		}
	})
}

// mutate applies changes to the image of a PV, and returns where its label is.
func mutate(b []byte, changes []byte) (label int) {
	for string(b[label:label+8]) != "LABELONE" {
		label += 512
	}
	for ; len(changes) >= 10; changes = changes[10:] {
		place, value := int(binary.LittleEndian.Uint16(changes)), changes[2:10]
		switch {
		case place < disk.LabelScanSize:
			copy(b[label+32+place%(512-32-8):], value)
		case place < 2*disk.LabelScanSize: // an area, and a text behind it
			copy(b[4096+20+(place-disk.LabelScanSize)%(disk.LabelScanSize-28):], value)
		default:
			copy(b[4096+512+place%(32768-520):], value)
		}
	}
	return label
}

// readArea reads all that an area has, with the header's checksum made right.
func readArea(t *testing.T, b []byte, a disk.Area) {
	sealArea(b[a.Start:])
	m, err := disk.ReadAreaHeader(bytes.NewReader(b), a.Start)
	if err != nil {
		require.ErrorIs(t, err, disk.ErrDamaged)
		return
	}
	again, err := disk.DecodeAreaHeader(disk.AppendAreaHeader(nil, m), a.Start)
	require.NoError(t, err)
	require.Equal(t, m, again)
	for _, l := range []disk.Location{m.Committed, m.Precommitted} {
		if err := a.CheckLocation(l); err != nil {
			require.ErrorIs(t, err, disk.ErrDamaged)
			continue
		}
		total := units.Bytes(0)
		for _, run := range a.Runs(l) {
			require.LessOrEqual(t, run.Start+run.Size, a.Start+a.Size)
			total += run.Size
		}
		require.Equal(t, l.Size, total)
		if text, err := a.ReadText(bytes.NewReader(b), l); err == nil {
			require.LessOrEqual(t, units.Bytes(len(text)), l.Size)
		}
	}
	placeBeside(t, a, m.Committed)
	found, err := a.Search(bytes.NewReader(b))
	require.NoError(t, err)
	for _, f := range found {
		text, err := a.ReadText(bytes.NewReader(b), f.Location)
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(text, f.Name+" {\nid = "))
	}
}

// placeBeside: whatever text is committed, the next one does not touch it.
func placeBeside(t *testing.T, a disk.Area, committed disk.Location) {
	text := make([]byte, min(a.MaxText(), 3000))
	l, err := a.Place(text, committed)
	if err != nil {
		require.ErrorIs(t, err, disk.ErrTextTooLong)
		return
	}
	require.NoError(t, a.CheckLocation(l))
	if a.CheckLocation(committed) != nil {
		return
	}
	for _, old := range a.Runs(committed) {
		for _, w := range a.Writes(text, l) {
			require.True(t, w.Start >= old.Start+old.Size || old.Start >= w.Start+units.Bytes(len(w.Data)), "%v over %v", l, committed)
		}
	}
}
