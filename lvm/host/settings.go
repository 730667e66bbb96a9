package host

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rok-storage/rok/units"
)

// Settings are those of lvm.conf that whoever writes beside lvm2 has to keep
// to, with lvm2's defaults for what is not set. docs/lvm-compatibility.md has a
// table of all others.
type Settings struct {
	// Locking.
	LockingDir           string // global/locking_dir
	WaitForLocks         bool   // global/wait_for_locks
	PrioritiseWriteLocks bool   // global/prioritise_write_locks
	MetadataReadOnly     bool   // global/metadata_read_only: no VG may be written
	UseLvmlockd          bool   // global/use_lvmlockd: VGs with a lock type belong to a cluster

	Umask fs.FileMode // global/umask, of all files

	// SystemID is the host's own, from global/system_id_source; empty: it has
	// none. ExtraSystemIDs, local/extra_system_ids, are others whose VGs it may
	// use. A VG with any other is not to be touched.
	SystemID       string
	ExtraSystemIDs []string

	// Which devices lvm2 looks at: see [Host.Visible].
	Filter       *Filter // devices/filter; nil: all
	GlobalFilter *Filter // devices/global_filter; nil: all
	// DevicesFile is the name of the devices file, below Etc/devices; empty
	// where devices/use_devicesfile is 0, be it set or by default.
	DevicesFile       string
	DevicesFileBackup int  // devices/devicesfile_backup_limit
	Hints             bool // devices/hints is not "none"
	ScanLVs           bool // devices/scan_lvs: LVs may be PVs

	// New PVs. Zero: as the device likes it.
	DataAlignment       units.Sectors // devices/data_alignment, in KiB there
	DefaultAlignment    units.Sectors // devices/default_data_alignment, in MiB there
	AlignmentDetection  bool          // devices/data_alignment_detection
	AlignmentOffset     bool          // devices/data_alignment_offset_detection
	PVMinSize           units.Sectors // devices/pv_min_size, in KiB there
	PVMetadataSize      units.Sectors // metadata/pvmetadatasize; 0: lvm2's own choice
	PVMetadataCopies    int           // metadata/pvmetadatacopies: areas on a PV
	VGMetadataCopies    int           // metadata/vgmetadatacopies: areas in use; 0: all
	ExtentSize          units.Sectors // allocation/physical_extent_size, in KiB there
	IssueDiscards       bool          // devices/issue_discards: what is freed is discarded
	MixedBlockSizes     bool          // devices/allow_mixed_block_sizes
	DuplicatePVs        bool          // devices/allow_changes_with_duplicate_pvs
	MaximiseCling       bool          // allocation/maximise_cling
	WipeSignatures      bool          // allocation/wipe_signatures_when_zeroing_new_lvs
	ThinPool            ThinPoolSettings
	SnapshotAutoextend  Autoextend // activation/snapshot_autoextend_…
	AutoActivationSkip  bool       // activation/auto_set_activation_skip: of thin snapshots
	UdevSync, UdevRules bool       // activation/udev_sync, udev_rules

	// Which LVs may be active: names, tags "@TAG", "@*". Nil: not set, so all.
	VolumeList               []string // activation/volume_list
	AutoActivationVolumeList []string // activation/auto_activation_volume_list
	ReadOnlyVolumeList       []string // activation/read_only_volume_list; nil: none

	Backup     bool // backup/backup
	BackupDir  string
	Archive    bool // backup/archive
	ArchiveDir string
	RetainMin  int // backup/retain_min: so many are kept, however old
	RetainDays int // backup/retain_days: younger ones are kept, however many

	ProfileDir string   // config/profile_dir
	HostTags   []string // the host's tags, for the volume lists
}

// ThinPoolSettings are for new thin pools, and for their growth.
type ThinPoolSettings struct {
	Zero                bool          // allocation/thin_pool_zero
	Discards            string        // allocation/thin_pool_discards
	ChunkSize           units.Sectors // allocation/thin_pool_chunk_size, in KiB there; 0: by policy
	ChunkSizePolicy     string        // allocation/thin_pool_chunk_size_policy: "generic" or "performance"
	SeparateMetadataPVs bool          // allocation/thin_pool_metadata_require_separate_pvs
	CropMetadata        bool          // allocation/thin_pool_crop_metadata
	ErrorWhenFull       bool          // activation/error_when_full
	Autoextend          Autoextend    // activation/thin_pool_autoextend_…
}

// Autoextend says when something is to grow, and by how much.
type Autoextend struct {
	Threshold int // percent in use; 100: it does not grow
	Percent   int // of its size
}

const (
	sectorsPerKiB = 2
	sectorsPerMiB = 2048
)

func settingsOf(c *conf, cfg *Config) (Settings, error) {
	r := &settingReader{conf: c}
	etc := func(name string) string { return filepath.Join(cfg.Etc, name) }
	s := Settings{
		LockingDir:           r.text("global/locking_dir", "/run/lock/lvm"),
		WaitForLocks:         r.flag("global/wait_for_locks", true),
		PrioritiseWriteLocks: r.flag("global/prioritise_write_locks", true),
		MetadataReadOnly:     r.flag("global/metadata_read_only", false),
		UseLvmlockd:          r.flag("global/use_lvmlockd", false),
		Umask:                fs.FileMode(r.number("global/umask", 0o77, 0o777)),

		Filter:            r.filter("devices/filter"),
		GlobalFilter:      r.filter("devices/global_filter"),
		DevicesFileBackup: r.number("devices/devicesfile_backup_limit", 50, 10000),
		Hints:             r.text("devices/hints", "all") != "none",
		ScanLVs:           r.flag("devices/scan_lvs", false),

		DataAlignment:      sectorsPerKiB * units.Sectors(r.number("devices/data_alignment", 0, 1<<30)),
		DefaultAlignment:   sectorsPerMiB * units.Sectors(r.number("devices/default_data_alignment", 1, 1<<20)),
		AlignmentDetection: r.flag("devices/data_alignment_detection", true),
		AlignmentOffset:    r.flag("devices/data_alignment_offset_detection", true),
		PVMinSize:          sectorsPerKiB * units.Sectors(r.number("devices/pv_min_size", 2048, 1<<30)),
		PVMetadataSize:     units.Sectors(r.number("metadata/pvmetadatasize", 0, 1<<31)),
		PVMetadataCopies:   r.number("metadata/pvmetadatacopies", 1, 2),
		VGMetadataCopies:   r.number("metadata/vgmetadatacopies", 0, 1<<31-1),
		ExtentSize:         sectorsPerKiB * units.Sectors(r.number("allocation/physical_extent_size", 4096, 1<<31)),
		IssueDiscards:      r.flag("devices/issue_discards", false),
		MixedBlockSizes:    r.flag("devices/allow_mixed_block_sizes", false),
		DuplicatePVs:       r.flag("devices/allow_changes_with_duplicate_pvs", false),
		MaximiseCling:      r.flag("allocation/maximise_cling", true),
		WipeSignatures:     r.flag("allocation/wipe_signatures_when_zeroing_new_lvs", true),
		ThinPool:           r.thinPool(),
		SnapshotAutoextend: r.autoextend("activation/snapshot"),
		AutoActivationSkip: r.flag("activation/auto_set_activation_skip", true),
		UdevSync:           r.flag("activation/udev_sync", true),
		UdevRules:          r.flag("activation/udev_rules", true),

		VolumeList:               r.list("activation/volume_list"),
		AutoActivationVolumeList: r.list("activation/auto_activation_volume_list"),
		ReadOnlyVolumeList:       r.list("activation/read_only_volume_list"),

		Backup:     r.flag("backup/backup", true),
		BackupDir:  r.text("backup/backup_dir", etc("backup")),
		Archive:    r.flag("backup/archive", true),
		ArchiveDir: r.text("backup/archive_dir", etc("archive")),
		RetainMin:  r.number("backup/retain_min", 10, 1<<31-1),
		RetainDays: r.number("backup/retain_days", 30, 1<<31-1),

		ProfileDir: r.text("config/profile_dir", etc("profile")),
		HostTags:   c.tags,
	}
	s.DevicesFile = r.devicesFile(cfg.Etc)
	s.SystemID, s.ExtraSystemIDs = r.systemIDs(cfg)
	return s, r.err
}

func (r *settingReader) thinPool() ThinPoolSettings {
	return ThinPoolSettings{
		Zero:                r.flag("allocation/thin_pool_zero", true),
		Discards:            r.word("allocation/thin_pool_discards", "passdown", "nopassdown", "ignore"),
		ChunkSize:           sectorsPerKiB * units.Sectors(r.number("allocation/thin_pool_chunk_size", 0, 1<<20)),
		ChunkSizePolicy:     r.word("allocation/thin_pool_chunk_size_policy", "generic", "performance"),
		SeparateMetadataPVs: r.flag("allocation/thin_pool_metadata_require_separate_pvs", false),
		CropMetadata:        r.flag("allocation/thin_pool_crop_metadata", false),
		ErrorWhenFull:       r.flag("activation/error_when_full", false),
		Autoextend:          r.autoextend("activation/thin_pool"),
	}
}

func (r *settingReader) autoextend(what string) Autoextend {
	return Autoextend{
		Threshold: r.number(what+"_autoextend_threshold", 100, 100),
		Percent:   r.number(what+"_autoextend_percent", 20, 1<<20),
	}
}

// devicesFile is the name of the devices file, if there is to be one. What lvm2
// does where use_devicesfile is not set was decided when it was built: its own
// lvm.conf says it in a comment; without that, a file that is there is used.
func (r *settingReader) devicesFile(etc string) string {
	name := r.text("devices/devicesfile", "system.devices")
	if !plainName(name) {
		r.fault("devices/devicesfile", fmt.Errorf("%q is no file name", name))
		return ""
	}
	built := r.conf.devicesFile == "1"
	if r.conf.devicesFile == "" {
		_, err := os.Stat(filepath.Join(etc, "devices", name))
		built = err == nil
	}
	if !r.flag("devices/use_devicesfile", built) {
		return ""
	}
	return name
}

// Profile returns the settings with a profile of ProfileDir over them: an LV's
// or a VG's Profile names one. It fails with [fs.ErrNotExist] where it is not
// there.
func (h *Host) Profile(name string) (Settings, error) {
	if !plainName(name) {
		return Settings{}, &SettingError{Path: h.Settings.ProfileDir, Err: fmt.Errorf("%q is no profile's name", name)}
	}
	c, err := h.conf.with(filepath.Join(h.Settings.ProfileDir, name+".profile"))
	if err != nil {
		return Settings{}, err
	}
	return settingsOf(c, &h.cfg)
}
