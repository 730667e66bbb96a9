package lvm

// DeviceState is what the kernel has of an LV, as far as reports tell. The
// zero value: the kernel was not asked.
type DeviceState struct {
	Known bool // the kernel was asked
	// Exists says that there is a device. A thin pool that is there only for its
	// volumes is none of its own: as with lvm2 it does not count.
	Exists       bool
	Table        bool // it has a table
	Waiting      bool // a table waits to be made active
	ReadOnly     bool
	Suspended    bool
	Open         bool // something has it open
	Major, Minor int32
	InSync       bool // an image of a mirror or a raid that is like the others
	Health       Health
	// Used is how much of it holds data, and MetadataUsed of a pool's metadata,
	// in percent; negative where there is no such thing.
	Used, MetadataUsed float64
}

// Health is what the kernel says of an LV's insides, by the letter that lvs
// prints.
type Health byte

// The states of health.
const (
	HealthGood             Health = 0
	HealthOutOfData        Health = 'D' // a pool whose data is full
	HealthFailed           Health = 'F' // a pool or a thin volume that does no I/O any more
	HealthMetadataReadOnly Health = 'M' // a pool that maps nothing any more
	HealthInvalid          Health = 'I' // a snapshot whose store is full or damaged
	HealthNeedsCheck       Health = 'c' // a pool whose metadata has to be checked
)

// activity is the fifth and sixth letter of an LV's attributes.
func (s DeviceState) activity() (state, open byte) {
	switch {
	case !s.Known:
		return 'X', 'X'
	case !s.Exists:
		return '-', '-'
	case s.Health == HealthInvalid && s.Suspended:
		state = 'S'
	case s.Health == HealthInvalid:
		state = 'I'
	case s.Health == HealthNeedsCheck && s.Suspended:
		state = 'C'
	case s.Health == HealthNeedsCheck:
		state = 'c'
	case s.Suspended:
		state = 's'
	case s.Table:
		state = 'a'
	case s.Waiting:
		state = 'i'
	default:
		state = 'd'
	}
	if open = '-'; s.Open {
		open = 'o'
	}
	return state, open
}

// active is lvm2's word for whether there is a device.
func (s DeviceState) active() string {
	switch {
	case !s.Known:
		return "unknown"
	case s.Exists:
		return "active"
	}
	return ""
}
