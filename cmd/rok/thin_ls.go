package main

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/thin/metadata"
	"github.com/rok-storage/rok/units"
)

// thinLsView is a device of "rok thin ls -o json".
type thinLsView struct {
	ID              uint64  `json:"device_id"`
	TransactionID   uint64  `json:"transaction_id"`
	CreationTime    uint32  `json:"creation_time"`
	SnapshottedTime uint32  `json:"snapshotted_time"`
	Mapped          uint64  `json:"mapped_blocks"`
	Exclusive       *uint64 `json:"exclusive_blocks"`
	Shared          *uint64 `json:"shared_blocks"`
	MappedBytes     uint64  `json:"mapped_bytes"`
	ExclusiveBytes  *uint64 `json:"exclusive_bytes"`
	SharedBytes     *uint64 `json:"shared_bytes"`
	Damaged         bool    `json:"damaged"`
}

func thinLs(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "ls FILE",
		Short: "List the devices of a pool, with what each has for itself",
		Long: `List the thin devices of the metadata in FILE: what each maps, and how much of that it has
for itself, so that it would be free without the device, or shares. This reads all mappings;
--quick prints what the pool itself counts, which does not know of sharing.

CREATED and SNAPSHOTTED are the pool's time, which counts snapshots: when the device was made,
and when a snapshot was last taken of it. Devices that are damaged are listed with what can be read, and the exit code is 7.`,
		Example: "  rok thin ls meta.img\n  rok thin ls --quick meta.img\n  rok thin ls --metadata-snap meta.img -o json",
		Args:    cli.Args(1, 1),
	}
	format := cli.OutputFlag(c)
	s, snap := storageFlags(c, e), snapFlag(c)
	quick := c.Flags().Bool("quick", false, "do not read mappings")
	c.RunE = s.withTrees(snap, func(c *cobra.Command, t *metadata.Trees, path string) error {
		damage := &damageList{path: path}
		var usage []metadata.DeviceUsage
		var err error
		if *quick {
			usage = quickUsage(t, damage)
		} else if usage, err = t.Usage(c.Context(), damage.add); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		views, err := viewThinLs(usage, t.Superblock().DataBlockSize, *quick)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if format.JSON() {
			err = cli.JSON(c.OutOrStdout(), map[string]any{"devices": views})
		} else {
			_, err = thinLsTable(views).WriteTo(c.OutOrStdout())
		}
		return errors.Join(err, damage.err())
	})
	return c
}

// quickUsage is what the details of devices say.
func quickUsage(t *metadata.Trees, damage *damageList) []metadata.DeviceUsage {
	var list []metadata.DeviceUsage
	for d, err := range t.Devices() {
		if err != nil {
			_ = damage.add(err) // it goes on after all of them
		}
		if d != (metadata.ThinDevice{}) {
			list = append(list, metadata.DeviceUsage{ThinDevice: d, Mapped: d.Detail.MappedBlocks, Damaged: err != nil})
		}
	}
	return list
}

func viewThinLs(usage []metadata.DeviceUsage, blockSize units.Sectors, quick bool) ([]thinLsView, error) {
	size, err := blockSize.Bytes()
	if err != nil {
		return nil, err
	}
	views := make([]thinLsView, 0, len(usage))
	for i := range usage {
		d := &usage[i]
		v := thinLsView{
			ID: d.ID, TransactionID: d.Detail.TransactionID,
			CreationTime: d.Detail.CreationTime, SnapshottedTime: d.Detail.SnapshottedTime,
			Mapped: d.Mapped, MappedBytes: inBytes(d.Mapped, size), Damaged: d.Damaged,
		}
		if !quick {
			exclusive, shared := inBytes(d.Exclusive, size), inBytes(d.Shared, size)
			v.Exclusive, v.Shared, v.ExclusiveBytes, v.SharedBytes = &d.Exclusive, &d.Shared, &exclusive, &shared
		}
		views = append(views, v)
	}
	return views, nil
}

// inBytes is the size of so many blocks, or the largest number: what is read with
// --quick may be anything.
func inBytes(blocks uint64, size units.Bytes) uint64 {
	high, low := bits.Mul64(blocks, uint64(size))
	if high != 0 {
		return math.MaxUint64
	}
	return low
}

func thinLsTable(views []thinLsView) *cli.Table {
	t := &cli.Table{Columns: []string{">DEV", ">MAPPED", ">EXCLUSIVE", ">SHARED", ">TRANSACTION", ">CREATED", ">SNAPSHOTTED", "STATE"}}
	human := func(n *uint64) string {
		if n == nil {
			return ""
		}
		return units.Bytes(*n).Human()
	}
	for _, v := range views {
		state := ""
		if v.Damaged {
			state = "damaged"
		}
		t.Add(strconv.FormatUint(v.ID, 10), human(&v.MappedBytes), human(v.ExclusiveBytes), human(v.SharedBytes),
			strconv.FormatUint(v.TransactionID, 10), strconv.FormatUint(uint64(v.CreationTime), 10),
			strconv.FormatUint(uint64(v.SnapshottedTime), 10), state)
	}
	return t
}
