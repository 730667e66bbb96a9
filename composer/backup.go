package composer

import (
	"fmt"
	"regexp"

	"github.com/rok-storage/rok/store"
)

// BackupName is where [Upgrade] keeps the former bytes of a map.
func BackupName(name string, version int) string { return fmt.Sprintf("%s~v%d.bak", name, version) }

// IsBackup tells whether a name is that of a backup: whether it ends in ~vN.bak.
func IsBackup(name string) bool { return regexp.MustCompile(`~v[0-9]+\.bak$`).MatchString(name) }

// checkNew tells whether a map of that name can be made by a user. Errors match [ErrReserved] or
// [store.ErrName].
func checkNew(name string) error {
	if IsBackup(name) {
		return fmt.Errorf("composer: map name %s: %w", name, ErrReserved)
	}
	return store.CheckName(name)
}
