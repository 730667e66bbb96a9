package testenv

import (
	"errors"
	"fmt"
	"strings"
)

// since has the first release of each target that came after Linux 5.0
// (drivers/md/Kconfig of the releases): an older kernel cannot have it.
var since = map[string]version{
	"dust":  {5, 2},
	"clone": {5, 4},
	"ebs":   {5, 8},
	"vdo":   {6, 9},
}

// lacking lists, for each kernel of vmrun's, what it was built without, and how
// that can be seen. TestKernelLacking holds that each is really missing, so a
// kernel that gains one shows here.
var lacking = map[string]map[string]string{
	"uml": {
		"smp":             "user-mode Linux has one processor",
		"ebs":             "CONFIG_DM_EBS is not set (linux.uml --showconfig)",
		"zoned":           "CONFIG_BLK_DEV_ZONED is not set (linux.uml --showconfig)",
		"module null_blk": "CONFIG_BLK_DEV_NULL_BLK is not set (linux.uml --showconfig)",
	},
	"6.1": {
		"clone": "CONFIG_DM_CLONE is not set in Debian's cloud flavour",
		"dust":  "CONFIG_DM_DUST is not set in Debian's cloud flavour",
		"ebs":   "CONFIG_DM_EBS is not set in Debian's cloud flavour",
	},
	"6.12": {
		"clone": "CONFIG_DM_CLONE is not set in Debian's cloud flavour",
		"dust":  "CONFIG_DM_DUST is not set in Debian's cloud flavour",
		"ebs":   "CONFIG_DM_EBS is not set in Debian's cloud flavour",
	},
}

// excuse returns the proof that this kernel cannot have the feature, or nothing.
func (k *kernel) excuse(feature string, absent error) string {
	if old := (tooOld{}); errors.As(absent, &old) {
		return old.Error()
	}
	name, _, _ := strings.Cut(feature, " ")
	if first, ok := since[name]; ok && k.release.less(first) {
		return fmt.Sprintf("came with Linux %v", first)
	}
	for _, key := range []string{feature, name} {
		if reason, ok := lacking[Virtual()][key]; ok {
			return reason
		}
	}
	return ""
}
