package lvm

import (
	"cmp"
	"os"
	"time"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/lvm/host"
	"github.com/rok-storage/rok/units"
)

// SystemConfig says what a [System] works on. The zero value, and a nil
// pointer, are this machine: its block devices, lvm2's locks and files, and
// device-mapper.
type SystemConfig struct {
	// Images are files, or devices, that are the only PVs there are. The machine
	// is left alone: nothing is activated, and lvm2's locks, lists and backups are
	// not used. Other users of rok are kept off by a lock on the files.
	Images []string
	// Devices are the only devices to look at, beside lvm2. Empty: all those that
	// lvm2 looks at, by its devices file and filters.
	Devices []string
	// Host is where lvm2 keeps what. Nil: in its own places.
	Host *host.Config
	// OpenDM opens device-mapper when it is first needed. Nil: [dm.Open] with its
	// defaults.
	OpenDM func() (*dm.Conn, error)
	// Offline says that device-mapper is not asked: no LV is taken to be active,
	// and none is activated. lvm2 calls it --driverloaded n.
	Offline bool
	// OpenDevice opens what is at a path; nil is [OpenDevice]. For devices that
	// are somewhere else than their paths say.
	OpenDevice func(path string, access Access) (*Device, error)
	// Activator says how LVs become devices. Its places are those of Host.
	Activator ActivatorConfig
	// BusyRetry is how long the removal of a device is tried that is in use: what
	// looks at new devices opens them for a moment. Zero: 5 seconds, as lvm2 does
	// it; negative: not again.
	BusyRetry time.Duration
	// Command is what VG texts say that their writer was: "rok lv create vg/a".
	// Empty: the name in Host.
	Command string
	// Now is the clock of what is written down. Nil: [time.Now].
	Now func() time.Time
	// OnText is called in front of each text that is read, with its length: for who
	// wants to make room. Nil: not called.
	OnText func(length units.Bytes)
	// NewID makes identities. Nil: [NewID].
	NewID func() ID
}

// System is LVM on a machine, or in image files: it takes the locks, reads what
// is on the devices, applies operations to it, writes it, and has the kernel
// follow. Each method is one such change, or one look. Its methods may be called
// by several goroutines, as other processes and lvm2 may work at the same time.
//
// Nothing is kept between two calls but the connection to device-mapper.
type System struct {
	cfg  SystemConfig
	host *host.Host // nil: of image files

	kernel kernel
}

const (
	defaultCommand = "rok"
	// defaultBusyRetry is lvm2's: 25 times every 200 ms, DEFAULT_RETRY_DEACTIVATION
	// of lib/config/defaults.h.
	defaultBusyRetry = 5 * time.Second
)

// OpenSystem reads lvm2's settings. It fails with a [*host.SettingError].
func OpenSystem(cfg *SystemConfig) (*System, error) {
	s := &System{}
	if cfg != nil {
		s.cfg = *cfg
	}
	s.cfg.Command = cmp.Or(s.cfg.Command, defaultCommand)
	s.cfg.BusyRetry = max(cmp.Or(s.cfg.BusyRetry, defaultBusyRetry), 0)
	if s.cfg.Now == nil {
		s.cfg.Now = time.Now
	}
	if s.cfg.NewID == nil {
		s.cfg.NewID = NewID
	}
	if s.cfg.OpenDevice == nil {
		s.cfg.OpenDevice = OpenDevice
	}
	if s.cfg.OpenDM == nil {
		s.cfg.OpenDM = func() (*dm.Conn, error) { return dm.Open(nil) }
	}
	if s.images() {
		s.cfg.Offline = true
		return s, nil
	}
	var err error
	s.host, err = host.Open(s.cfg.Host)
	return s, err
}

// Close ends the connection to device-mapper.
func (s *System) Close() error { return s.kernel.close() }

// images reports whether s works on image files alone.
func (s *System) images() bool { return len(s.cfg.Images) > 0 }

// Settings are lvm2's on the machine; of image files, what it does by default.
func (s *System) Settings() host.Settings {
	if s.host == nil {
		return imageSettings()
	}
	return s.host.Settings
}

// imageSettings are those of lvm2's that have to do with what is in a file.
func imageSettings() host.Settings {
	return host.Settings{
		AlignmentDetection: true, AlignmentOffset: true, WaitForLocks: true, WipeSignatures: true,
		MaximiseCling: true, AutoActivationSkip: true, PVMetadataCopies: 1,
		ThinPool: host.ThinPoolSettings{Zero: true, Discards: DiscardsPassdown, ChunkSizePolicy: "generic"},
	}
}

// node is the host's name, for creation_host; system is uname's words.
func (s *System) node() (name, system string) {
	if s.host != nil {
		return s.host.Node(), s.host.System()
	}
	if h := s.cfg.Host; h != nil && h.Node != "" {
		return h.Node, ""
	}
	name, _ = os.Hostname() // a text may have none
	return name, ""
}
