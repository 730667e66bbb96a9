package lvm_test

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/units"
)

// FuzzScan changes the devices of a VG, and makes all checksums right again: what
// is read then is read without a panic, and what is committed is read again. A
// change is 12 bytes: the device, what of it (0 the label, 1 and 2 the headers of
// its areas, 3 the text), 16 bits of place, 64 of value; three bytes of place and
// value change the text by its structure.
func FuzzScan(f *testing.F) {
	base := newDisks(4*mib, 4*mib)
	s := base.pvs(f, &lvm.CreatePV{Layout: disk.Layout{SecondArea: true, MetadataSize: 32 << 10, Alignment: 4096}})
	g, err := s.Commit(lvm.CommitRequest{New: newVG(s, "vg", 2, 2)})
	require.NoError(f, err)
	areas := g.PVs[0].Header.Metadata
	text := string(g.VG.AppendText(nil))
	one := func(device, what byte, place uint16, value uint64) []byte {
		b := binary.LittleEndian.AppendUint16([]byte{device, what}, place)
		return binary.LittleEndian.AppendUint64(b, value)
	}
	f.Add([]byte{})
	f.Add(one(0, 0, 72, 4096))     // the data area
	f.Add(one(1, 0, 104, 2<<20))   // the first metadata area
	f.Add(one(0, 1, 40, 1<<20))    // the text's place
	f.Add(one(0, 2, 48, 1<<40))    // its size
	f.Add(one(0, 3, 0x1234, 0x56)) // the text
	f.Add(append(one(0, 3, 3, 1), one(1, 3, 77, 2)...))
	f.Fuzz(func(t *testing.T, changes []byte) {
		d := base.clone()
		texts := []string{text, text}
		for ; len(changes) >= 12; changes = changes[12:] {
			device, what := int(changes[0]&1), changes[1]&3
			place, value := int(binary.LittleEndian.Uint16(changes[2:])), changes[4:12]
			switch what {
			case 0:
				editAreas(d[device], 1, func(b []byte) { copy(b[20+place%(512-28):], value) })
			case 1, 2:
				editAreas(d[device], int64(areas[what-1].Start/512), func(b []byte) { copy(b[20+place%(512-28):], value) })
			case 3:
				texts[device] = mutate(texts[device], []byte{changes[4], changes[2], changes[3]})
			}
		}
		for i := range d {
			putText(d[i], areas, texts[i])
			editAreas(d[i], 1, func(b []byte) { binary.LittleEndian.PutUint32(b[16:], disk.Checksum(b[20:])) })
			for _, a := range areas {
				editAreas(d[i], int64(a.Start/512), func(b []byte) { binary.LittleEndian.PutUint32(b, disk.Checksum(b[4:])) })
			}
		}
		s := d.scan()
		_, _ = s.OldTexts("")
		for _, g := range s.VGs {
			_ = g.Complete()
			s := d.scan()
			g, err := s.VG(g.VG.ID.String())
			require.NoError(t, err)
			if _, err = s.Commit(lvm.CommitRequest{VG: g, New: tagged(g.VG, "fuzzed"), SystemID: g.VG.SystemID}); err != nil {
				continue
			}
			again, err := d.scan().VG(g.VG.ID.String())
			require.NoError(t, err)
			require.Equal(t, g.VG.Seqno+1, again.VG.Seqno)
			require.Contains(t, again.VG.Tags, "fuzzed")
		}
	})
}

// editAreas changes a sector.
func editAreas(s *sparse, at int64, change func(b []byte)) {
	data := s.sectors[at]
	change(data[:])
	s.put(at, data)
}

// putText writes a text where the headers of the areas say that it is, with their
// checksums.
func putText(s *sparse, areas []disk.Area, text string) {
	for _, a := range areas {
		editAreas(s, int64(a.Start/512), func(b []byte) {
			text := text[:min(len(text), int(a.MaxText()))]
			if len(text) == 0 {
				return
			}
			l, data := disk.Location{Offset: 512, Size: units.Bytes(len(text))}, []byte(text)
			if binary.LittleEndian.Uint64(b[40:]) == 512 {
				for _, w := range a.Writes(data, l) {
					for i := 0; i < len(w.Data); i += 512 {
						s.put(int64(w.Start)/512+int64(i)/512, sector(w.Data[i:i+512]))
					}
				}
				if binary.LittleEndian.Uint64(b[48:]) < 1<<16 {
					binary.LittleEndian.PutUint64(b[48:], uint64(len(data)))
					binary.LittleEndian.PutUint32(b[56:], disk.Checksum(data))
				}
			}
		})
	}
}
