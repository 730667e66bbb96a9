package lvm_test

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/units"
)

// scanSeeds are what FuzzScan changes: devices of a VG with two areas each, and what
// becomes of VGs in the field.
func scanSeeds(t testing.TB) (all []disks) {
	small := &lvm.CreatePV{Layout: disk.Layout{SecondArea: true, MetadataSize: 32 << 10, Alignment: 4096}}
	scene := func(do func(d disks, s *lvm.Scan, g *lvm.DiskVG)) {
		d := newDisks(4*mib, 4*mib, 4*mib)
		s := d.pvs(t, small)
		g, err := s.Commit(lvm.CommitRequest{New: newVG(s, "vg", 2, 2)})
		require.NoError(t, err)
		do(d, s, g)
		all = append(all, d)
	}
	plantAll := func(s *lvm.Scan, pv int, vg *lvm.VG) {
		putText(t, s.PVs[pv].Device, s.PVs[pv].Header.Metadata, vg.AppendText(nil))
	}
	scene(func(disks, *lvm.Scan, *lvm.DiskVG) {})
	scene(func(d disks, s *lvm.Scan, g *lvm.DiskVG) { // several texts in the rings, and another VG
		for _, tag := range []string{"a", "b"} {
			g, _ = s.Commit(lvm.CommitRequest{VG: g, New: tagged(g.VG, tag)})
		}
		other := newVG(s, "other", 3, 0)
		other.PVs = other.PVs[2:]
		_, err := s.Commit(lvm.CommitRequest{New: other})
		require.NoError(t, err)
	})
	scene(func(d disks, s *lvm.Scan, g *lvm.DiskVG) { // a rename that was cut off
		vg := g.VG.Clone()
		vg.Name, vg.Seqno = "renamed", 2
		plantAll(s, 0, vg)
	})
	scene(func(d disks, s *lvm.Scan, g *lvm.DiskVG) { // a PV that left while it was away
		away := d[1].clone()
		vg := g.VG.Clone()
		vg.PVs = vg.PVs[:1]
		_, err := s.Commit(lvm.CommitRequest{VG: g, New: vg})
		require.NoError(t, err)
		d[1].sectors = away.sectors
	})
	scene(func(d disks, s *lvm.Scan, g *lvm.DiskVG) { d[2].sectors = d[1].clone().sectors }) // a PV twice
	scene(func(d disks, s *lvm.Scan, g *lvm.DiskVG) {                                        // texts of one age that differ
		plantAll(s, 1, tagged(g.VG, "other"))
	})
	scene(func(d disks, s *lvm.Scan, g *lvm.DiskVG) { // two VGs of one name
		other := newVG(s, "vg", 3, 0)
		other.PVs = other.PVs[2:]
		plantAll(s, 2, other)
	})
	scene(func(d disks, s *lvm.Scan, g *lvm.DiskVG) { // two VGs with one PV
		other := newVG(s, "other", 3, 0)
		other.PVs = other.PVs[1:]
		plantAll(s, 2, other)
	})
	return all
}

// FuzzScan changes the devices of a VG, and makes all checksums right again: what
// is read then is read without a panic, and what is committed is read again. The
// scene says which of scanSeeds, and from 128 on that one VG is asked for. A
// change is 12 bytes: the device, what of it, 16 bits of place, 64 of value. What
// is 0 for the label, 1 and 2 for the headers of its areas, 3 for the text, which
// three bytes of place and value change by its structure, 4 for another device's
// content, 5 for its size, 6 for from where on it cannot be read, 7 for a sector.
func FuzzScan(f *testing.F) {
	all := scanSeeds(f)
	one := func(device, what byte, place uint16, value uint64) []byte {
		b := binary.LittleEndian.AppendUint16([]byte{device, what}, place)
		return binary.LittleEndian.AppendUint64(b, value)
	}
	f.Add(byte(0), []byte{})
	f.Add(byte(0), one(0, 0, 72, 4096))     // the data area
	f.Add(byte(0), one(1, 0, 104, 2<<20))   // the first metadata area
	f.Add(byte(0), one(0, 1, 40, 1<<20))    // the text's place
	f.Add(byte(0), one(0, 2, 48, 1<<40))    // its size
	f.Add(byte(0), one(0, 3, 0x1234, 0x56)) // the text
	f.Add(byte(0), append(one(0, 3, 3, 1), one(1, 3, 77, 2)...))
	f.Fuzz(func(t *testing.T, scene byte, changes []byte) {
		d := scanned{disks: all[int(scene&127)%len(all)].clone(), options: lvm.ScanOptions{Verify: scene&64 == 0}}
		d.broken = make([]int64, len(d.disks))
		for ; len(changes) >= 12; changes = changes[12:] {
			d.change(t, int(changes[0])%len(d.disks), changes[1:12])
		}
		if scene >= 128 {
			d.options.VG = "vg"
		}
		s := d.scan()
		for _, fault := range s.AllFaults() {
			require.NotEmpty(t, fault.Error())
		}
		_ = s.Orphans()
		texts, _ := s.OldTexts("")
		for _, text := range texts {
			_, _ = text.Read()
		}
		for _, pv := range s.PVs {
			_, _ = s.PV(pv.ID().String())
		}
		for _, g := range s.VGs {
			_, _ = g.Complete(), g.Writable()
			s := d.scan()
			g, err := s.VG(g.VG.ID.String())
			require.NoError(t, err)
			if _, err = s.Commit(lvm.CommitRequest{VG: g, New: tagged(g.VG, "fuzzed"), SystemID: g.VG.SystemID}); err != nil {
				continue
			}
			all := d
			all.options.VG = "" // it may have another name now
			again, err := all.scan().VG(g.VG.ID.String())
			require.NoError(t, err)
			require.Equal(t, g.VG.Seqno+1, again.VG.Seqno)
			require.Contains(t, again.VG.Tags, "fuzzed")
		}
	})
}

// scanned are devices that FuzzScan has changed.
type scanned struct {
	disks
	broken  []int64 // from where on a device cannot be read; 0: it can
	options lvm.ScanOptions
}

func (d *scanned) scan() *lvm.Scan {
	devices := d.devices()
	for i, from := range d.broken {
		if from > 0 {
			devices[i] = lvm.NewDevice(paths[i], d.disks[i].size, units.SectorSize, broken{d.disks[i], from})
		}
	}
	return lvm.ScanDevices(devices, d.options)
}

// change applies one change to a device, and makes its checksums right.
func (d *scanned) change(t *testing.T, device int, change []byte) {
	s := d.disks[device]
	place, value := int(binary.LittleEndian.Uint16(change[1:])), change[3:11]
	n := int64(binary.LittleEndian.Uint64(value) & (1<<32 - 1))
	areas := []int64{4096, int64(4*mib - 32<<10)}
	switch what := change[0] & 7; what {
	case 0:
		editSector(s, 1, func(b []byte) { copy(b[min(place%512, 512-8):], value) })
	case 1, 2:
		editSector(s, areas[what-1]/512, func(b []byte) { copy(b[min(place%512, 512-8):], value) })
	case 3:
		changeTexts(t, s.device(paths[device]), []byte{value[0], change[1], change[2]})
	case 4:
		s.sectors = d.disks[place%len(d.disks)].clone().sectors
	case 5:
		s.size = units.Bytes(n) % (8 * mib) &^ 511
	case 6:
		d.broken[device] = n % int64(s.size+1)
	case 7:
		editSector(s, int64(place), func(b []byte) { clear(b); copy(b, value) })
	}
	for at := range int64(4) {
		if _, ok := s.sectors[at]; ok {
			editSector(s, at, func(b []byte) { binary.LittleEndian.PutUint32(b[16:], disk.Checksum(b[20:])) })
		}
	}
	for _, at := range areas {
		if _, ok := s.sectors[at/512]; ok {
			editSector(s, at/512, func(b []byte) { binary.LittleEndian.PutUint32(b, disk.Checksum(b[4:])) })
		}
	}
}

// editSector changes a sector.
func editSector(s *sparse, at int64, change func(b []byte)) {
	data := s.sectors[at]
	change(data[:])
	s.put(at, data)
}

// changeTexts changes the committed texts of a PV by their structure.
func changeTexts(t *testing.T, device *lvm.Device, ops []byte) {
	h, err := disk.ReadLabel(device)
	if err != nil {
		return
	}
	for _, a := range h.Metadata {
		if !a.Within(device.Size) {
			continue
		}
		m, err := disk.ReadAreaHeader(device, a.Start)
		if err != nil || m.Size != a.Size {
			continue
		}
		if text, err := a.ReadText(device, m.Committed); err == nil {
			putText(t, device, []disk.Area{a}, append([]byte(mutate(text, ops)), 0))
		}
	}
}

// putText makes a text that of areas, whose headers are whole.
func putText(t testing.TB, device *lvm.Device, areas []disk.Area, text []byte) {
	for _, a := range areas {
		m, err := disk.ReadAreaHeader(device, a.Start)
		require.NoError(t, err)
		if m.Committed, err = a.Place(text, disk.Location{}); err != nil {
			continue // it is too long
		}
		for _, w := range append(a.Writes(text, m.Committed), disk.Write{Start: a.Start, Data: disk.AppendAreaHeader(nil, m)}) {
			_, err := device.WriteAt(w.Data, int64(w.Start))
			require.NoError(t, err)
		}
	}
}
