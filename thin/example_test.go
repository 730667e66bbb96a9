package thin_test

import (
	"fmt"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/thin"
	"github.com/rok-storage/rok/units"
)

func ExamplePoolConfig_Table() {
	cfg := thin.PoolConfig{
		Metadata:  dm.BlockDev{Path: "/dev/vg/meta"},
		Data:      dm.BlockDev{Path: "/dev/vg/data"},
		Size:      (10 * units.GiB).SectorsRoundDown(),
		BlockSize: (64 * units.KiB).SectorsRoundDown(),
		NoSpace:   thin.ErrorIfNoSpace,
	}
	table, err := cfg.Table()
	fmt.Println(table, err)
	// Output: 0 20971520 thin-pool /dev/vg/meta /dev/vg/data 128 0 1 error_if_no_space <nil>
}
