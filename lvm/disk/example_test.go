package disk_test

import (
	"bytes"
	"fmt"

	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/units"
)

// A new PV, as pvcreate would make it, and read again.
func ExampleLayout() {
	h, err := disk.Layout{Size: 10 * units.GiB, SecondArea: true}.Header([32]byte([]byte("0123456789abcdefghijklmnopqrstuv")))
	if err != nil {
		fmt.Println(err)
		return
	}
	device := make([]byte, units.MiB)
	copy(device[h.Sector*units.SectorSize:], disk.AppendLabel(nil, h))
	h, err = disk.ReadLabel(bytes.NewReader(device))
	fmt.Println(h.Metadata, h.Data.Start, h.DataEnd(), h.Used(), err)
	// Output: [4096+1044480 10736369664+1048576] 1MiB 10239MiB false <nil>
}

// A text goes where the one that counts is not.
func ExampleArea_Place() {
	a := disk.Area{Start: 4096, Size: 1044480}
	first, _ := a.Place([]byte("vg {\n}\n\x00"), disk.Location{})
	second, _ := a.Place([]byte("vg {\n}\n\x00"), first)
	fmt.Println(first.Offset, second.Offset, a.MaxText())
	// Output: 512B 1KiB 521472B
}
