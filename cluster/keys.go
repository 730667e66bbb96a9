package cluster

import (
	"fmt"
	"strings"
)

// The schema in the store: see docs/cluster.md. format is the "v" of each document.
const (
	format = 1

	keySchema    = "/rok/schema"
	keyRevision  = "/rok/rev" // put by every change of configuration or members: the guard
	keyMaster    = "/rok/leader"
	keyHeir      = "/rok/heir" // who is to become master; only that one campaigns
	keyPublish   = "/rok/publish"
	keyUpgrade   = "/rok/upgrade"
	keySlot      = "/rok/upgrade-slot"
	dirConfig    = "/rok/config/"
	dirMembers   = "/rok/members/"
	dirAlive     = "/rok/alive/"
	dirApplied   = "/rok/applied/"
	dirPublished = "/rok/published/"
	dirHistory   = "/rok/history/"
	dirBackup    = "/rok/backup/"

	// watched is the prefix of all.
	watched = "/rok/"
)

func historyKey(rev int64) string { return fmt.Sprintf("%s%016d", dirHistory, rev) }

func backupKey(schema int) string { return fmt.Sprintf("%s%d", dirBackup, schema) }

// section is the key's part that a variable is stored in: what is before its first dot.
func section(name string) string {
	s, _, _ := strings.Cut(name, ".")
	return s
}
