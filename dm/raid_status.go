package dm

import "github.com/rok-storage/rok/units"

// RaidSyncAction is what an array is busy with. Other words than these are
// kept as they are.
type RaidSyncAction string

// The words of sync_str of drivers/md/dm-raid.c.
const (
	RaidIdle    RaidSyncAction = "idle"
	RaidFrozen  RaidSyncAction = "frozen"  // nothing may begin
	RaidResync  RaidSyncAction = "resync"  // making the devices agree
	RaidRecover RaidSyncAction = "recover" // rebuilding a device
	RaidCheck   RaidSyncAction = "check"   // counting what disagrees
	RaidRepair  RaidSyncAction = "repair"  // the same, and making it agree
	RaidReshape RaidSyncAction = "reshape" // changing layout or devices
	RaidUndef   RaidSyncAction = "undef"
)

// RaidStatus is the status of a [Raid].
//
//	0 1960893648 raid raid4 5 AAAAA 2/490221568 idle 0 0 -
type RaidStatus struct {
	RaidType      string
	RaidDisks     uint64   // as the array has them; in a reshape not len(Health)
	Health        []Health // a letter for each device of the table
	SyncedSectors units.Sectors
	TotalSectors  units.Sectors // of one device
	SyncAction    RaidSyncAction
	MismatchCount uint64 // sectors that differed in the last check
	DataOffset    units.Sectors
	// JournalDev is the state of the journal: HealthAlive or HealthNotInSync
	// for its mode, HealthDead, or HealthMissing where there is none.
	JournalDev Health

	// Fields is how many of the eight fields the kernel printed; zero is all
	// of them. Version 1.3 of the target prints four (to TotalSectors), 1.5
	// six, 1.9 seven. Those that were not printed are zero.
	Fields int
	Extra  string // what follows, verbatim
}

// Type returns "raid".
func (RaidStatus) Type() string { return "raid" }

func (s *RaidStatus) fields() []field {
	return []field{
		{"raid type", &s.RaidType},
		{"number of devices", &s.RaidDisks},
		{"health", &s.Health},
		{"sectors in sync", ratio{(*uint64)(&s.SyncedSectors), (*uint64)(&s.TotalSectors)}},
		{"sync action", (*string)(&s.SyncAction)},
		{"mismatch count", &s.MismatchCount},
		{"data offset", &s.DataOffset},
		{"journal", &s.JournalDev},
	}
}

// AppendStatus appends the line as the kernel printed it.
func (s RaidStatus) AppendStatus(b []byte) []byte {
	return appendLine(b).fields(s.Fields, s.fields()).extra(s.Extra).b
}

func parseRaidStatus(params string) (Status, error) {
	var s RaidStatus
	p := statusParams(s.Type(), params)
	s.Fields = p.printed(4, s.fields())
	s.Extra = p.extra()
	return s, p.end()
}
