package disk_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
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
// and the sectors of texts behind them, or what else is done; 64 bits are what is
// put there.
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
		p := &fuzzed{b: bytes.Clone(all[int(which)%len(all)])}
		p.mutate(changes)
		device := units.Bytes(len(p.b))
		h, err := disk.ReadLabel(p)
		if err != nil {
			p.refused(t, err)
			return
		}
		again, err := disk.DecodeLabel(disk.AppendLabel(nil, h), h.Sector)
		require.NoError(t, err)
		require.Equal(t, h, again)
		_, _ = h.Used(), h.Writable()
		require.LessOrEqual(t, h.DataEnd(), h.Size)
		for _, fault := range h.Check(device) {
			p.refused(t, fault)
		}
		for i, a := range h.Metadata {
			if !a.Within(device) {
				fault := h.CheckArea(i, device)
				require.NotNil(t, fault)
				p.refused(t, fault)
				_, err := disk.ReadAreaHeader(p, a.Start)
				p.refused(t, err)
				continue
			}
			p.readArea(t, a)
		}
	})
}

// fuzzed is a device of which something was changed.
type fuzzed struct {
	b      []byte
	broken int // from here on it cannot be read; 0: it can
}

// ReadAt implements [io.ReaderAt].
func (p *fuzzed) ReadAt(b []byte, at int64) (int, error) {
	if p.broken > 0 && at+int64(len(b)) > int64(p.broken) {
		return 0, errMedium
	}
	return bytes.NewReader(p.b).ReadAt(b, at)
}

// refused: an error is about the device, and prints.
func (p *fuzzed) refused(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	require.NotEmpty(t, err.Error())
	for _, kind := range []error{disk.ErrDamaged, disk.ErrNoLabel, errMedium, io.ErrUnexpectedEOF} {
		if errors.Is(err, kind) {
			return
		}
	}
	require.NoError(t, err)
}

// mutate applies changes to the image of a PV, and makes the checksum of its labels
// right.
func (p *fuzzed) mutate(changes []byte) {
	label := bytes.Index(p.b, []byte("LABELONE"))
	for ; len(changes) >= 10; changes = changes[10:] {
		place, value := int(binary.LittleEndian.Uint16(changes)), changes[2:10]
		n := int(binary.LittleEndian.Uint32(value))
		switch {
		case place < disk.LabelScanSize:
			copy(p.b[label+min(place%512, 512-8):], value)
		case place < 2*disk.LabelScanSize: // an area, and a text behind it
			copy(p.b[4096+min(place-disk.LabelScanSize, disk.LabelScanSize-8):], value)
		case place == 0xffff: // a shorter device
			p.b = p.b[:max(n%len(p.b), 4096+32768)]
		case place == 0xfffe: // one that cannot be read
			p.broken = n % len(p.b)
		case place == 0xfffd: // another label
			copy(p.b[n%4*512:], p.b[label:label+512])
		case place == 0xfffc: // none of them
			clear(p.b[:disk.LabelScanSize])
		default:
			copy(p.b[4096+512+place%(32768-520):], value)
		}
	}
	for at := 0; at < disk.LabelScanSize; at += 512 {
		sealLabel(p.b[at:])
	}
}

// readArea reads all that an area has, with the header's checksum made right.
func (p *fuzzed) readArea(t *testing.T, a disk.Area) {
	sealArea(p.b[a.Start:])
	m, err := disk.ReadAreaHeader(p, a.Start)
	if err != nil {
		p.refused(t, err)
		return
	}
	_ = m.Ignored()
	again, err := disk.DecodeAreaHeader(disk.AppendAreaHeader(nil, m), a.Start)
	require.NoError(t, err)
	require.Equal(t, m, again)
	for _, l := range []disk.Location{m.Committed, m.Precommitted} {
		if err := a.CheckLocation(l); err != nil {
			p.refused(t, err)
			continue
		}
		total := units.Bytes(0)
		for _, run := range a.Runs(l) {
			require.LessOrEqual(t, run.Start+run.Size, a.Start+a.Size)
			total += run.Size
		}
		require.Equal(t, l.Size, total)
		text, err := a.ReadText(p, l)
		p.refused(t, err)
		require.LessOrEqual(t, units.Bytes(len(text)), l.Size)
	}
	placeBeside(t, a, m.Committed)
	found, err := a.Search(p)
	p.refused(t, err)
	for _, f := range found {
		text, err := a.ReadText(p, f.Location)
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(text, f.Name+" {\nid = "))
	}
}

// placeBeside: whatever text is committed, the next one does not touch it.
func placeBeside(t *testing.T, a disk.Area, committed disk.Location) {
	text := make([]byte, max(1, min(a.MaxText(), 3000))) // an area without room for any text refuses the shortest
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
