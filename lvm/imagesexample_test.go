package lvm_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/rok-storage/rok/lvm"
)

// A volume group on an image file, without root: a PV is made, the VG committed,
// changed, and read again.
func ExampleScan_Commit() {
	dir, err := os.MkdirTemp("", "rok")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "disk.img")
	if err := os.WriteFile(path, make([]byte, 16<<20), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	device, err := lvm.OpenDevice(path, lvm.Exclusive)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer device.Close()

	scan := lvm.ScanDevices([]*lvm.Device{device}, lvm.ScanOptions{})
	pv, err := scan.CreatePV(device, lvm.CreatePV{})
	if err != nil {
		fmt.Println(err)
		return
	}
	vg := &lvm.VG{
		Name: "data", ID: lvm.NewID(), Format: "lvm2", Status: lvm.Flags{lvm.FlagResizeable, lvm.FlagRead, lvm.FlagWrite},
		ExtentSize: 8192, PVs: []*lvm.PV{pv.NewPV(8192)},
	}
	group, err := scan.Commit(lvm.CommitRequest{New: vg})
	if err != nil {
		fmt.Println(err)
		return
	}
	changed := group.VG.Clone()
	changed.Tags = []string{"fast"}
	if _, err := scan.Commit(lvm.CommitRequest{VG: group, New: changed}); err != nil {
		fmt.Println(err)
		return
	}

	again := lvm.ScanDevices([]*lvm.Device{device}, lvm.ScanOptions{})
	for _, g := range again.VGs {
		fmt.Println(g.VG.Name, g.VG.Seqno, g.VG.Tags, g.VG.PVs[0].Count, len(g.Faults))
	}
	// Output: data 2 [fast] 3 0
}
