// Package gptdisk makes disks with partitions for tests: images with a GPT, as
// files, and attached as loop devices with a node for each partition.
package gptdisk

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/diskfs/go-diskfs/backend/file"
	"github.com/diskfs/go-diskfs/partition/gpt"

	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/units"
)

// Partition is a part of a disk.
type Partition struct{ Start, Length units.Sectors }

// Bytes are where the partition is in the image.
func (p Partition) Bytes() (from, to units.Bytes) {
	return units.Bytes(p.Start) * units.SectorSize, units.Bytes(p.Start+p.Length) * units.SectorSize
}

// Make writes a sparse image of the given size with a GPT of LVM partitions,
// and returns its path. Its name has the prefix that marks a test's own.
func Make(t testing.TB, size units.Bytes, partitions ...Partition) string {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), testenv.Prefix+"*.gpt")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(int64(size)); err != nil {
		t.Fatal(err)
	}
	table := &gpt.Table{LogicalSectorSize: int(units.SectorSize), PhysicalSectorSize: int(units.SectorSize), ProtectiveMBR: true}
	for i, p := range partitions {
		table.Partitions = append(table.Partitions, &gpt.Partition{
			Index: i + 1, Start: uint64(p.Start), End: uint64(p.Start + p.Length - 1), Type: gpt.LinuxLVM, Name: fmt.Sprintf("pv%d", i),
		})
	}
	disk := file.New(f, false)
	defer disk.Close()
	w, err := disk.Writable()
	if err != nil {
		t.Fatal(err)
	}
	if err := table.Write(w, int64(size)); err != nil {
		t.Fatalf("write partition table: %v", err)
	}
	return f.Name()
}

// Attach attaches an image that [Make] made, and returns the nodes of the disk
// and of its partitions, in order. They are gone when the test ends. Needs root;
// where the kernel cannot read a GPT, partx tells it of the partitions.
func Attach(t testing.TB, image string) (disk string, partitions []string) {
	t.Helper()
	loop, err := ioctl.AttachLoop(image, ioctl.LoopConfig{PartScan: true})
	if err != nil {
		t.Fatalf("attach %s: %v", image, err)
	}
	disk = loop.Path()
	t.Cleanup(func() {
		_, _ = partx("-d", disk) // there may be none
		if err := loop.Detach(); err != nil {
			t.Errorf("detach %s: %v", disk, err)
		}
	})
	if partitions = nodes(t, disk); len(partitions) == 0 {
		if out, err := partx("-a", disk); err != nil {
			t.Fatalf("partx: %v: %s", err, out)
		}
		partitions = nodes(t, disk)
	}
	for _, p := range partitions {
		waitFor(t, p)
	}
	return disk, partitions
}

func partx(what, disk string) ([]byte, error) {
	return exec.Command("partx", what, disk).CombinedOutput()
}

// nodes are the nodes of the partitions that the kernel knows, by number.
func nodes(t testing.TB, disk string) []string {
	t.Helper()
	name := filepath.Base(disk)
	found, err := filepath.Glob(filepath.Join("/sys/block", name, name+"p*/partition"))
	if err != nil {
		t.Fatal(err)
	}
	all := make([]string, len(found))
	for _, path := range found {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil || n < 1 || n > len(all) {
			t.Fatalf("partition %s of %d: %v", text, len(all), err)
		}
		all[n-1] = "/dev/" + filepath.Base(filepath.Dir(path))
	}
	return all
}

// waitFor waits until the kernel or udev made the node.
func waitFor(t testing.TB, node string) {
	t.Helper()
	timeout := time.NewTimer(10 * time.Second)
	defer timeout.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := ioctl.NodeDev(node); err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-timeout.C:
			t.Fatalf("no node %s", node)
		}
	}
}
