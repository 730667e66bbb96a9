package dm

// Health is the letter that mirror and raid print for a device of theirs.
// Other letters than these are kept as they are.
type Health byte

// The letters of device_status_char and disk_status (drivers/md/dm-raid1.c,
// dm-log.c) and of __raid_dev_status (drivers/md/dm-raid.c).
const (
	HealthAlive       Health = 'A' // and, for raid, in sync; of a journal: write-through
	HealthNotInSync   Health = 'a' // raid: alive, not in sync; of a journal: write-back
	HealthDead        Health = 'D' // a write failed
	HealthFlushFailed Health = 'F' // mirror
	HealthSyncFailed  Health = 'S' // mirror: resynchronising failed
	HealthReadFailed  Health = 'R' // mirror
	HealthUnknown     Health = 'U' // mirror: some other error
	HealthMissing     Health = '-' // raid: no such device
)

// String is the letter.
func (h Health) String() string { return string([]byte{byte(h)}) }
