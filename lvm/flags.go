package lvm

import "slices"

// Flags is a set of words of a "status" or "flags" list, in the order of the
// text. Words that rok does not know stay where they were. The zero value is
// the empty set. Flags are values: With and Without return new ones, and what
// was parsed may share memory.
type Flags []string

// Words of the lists, lib/format_text/flags.c of lvm2. "status" holds what an
// lvm2 that does not know a word must not ignore, "flags" what it may.
const (
	FlagExported    = "EXPORTED"    // status of a VG or PV: nobody may use it
	FlagResizeable  = "RESIZEABLE"  // status of a VG: PVs may join and leave
	FlagRead        = "READ"        // status of a VG or LV
	FlagWrite       = "WRITE"       // status of a VG or LV
	FlagClustered   = "CLUSTERED"   // status of a VG: locked by a cluster of before lvm2 2.03
	FlagShared      = "SHARED"      // status of a VG: locked by lvmlockd
	FlagPVMove      = "PVMOVE"      // status of a VG or LV: extents are being moved
	FlagAllocatable = "ALLOCATABLE" // status of a PV: LVs may get its extents
	FlagMissing     = "MISSING"     // status or flags of a PV: it was not there when the VG was written
	FlagVisible     = "VISIBLE"     // status of an LV: a volume of the user's, not a part of one
	FlagLocked      = "LOCKED"      // status of an LV: a pvmove works on it
	FlagFixedMinor  = "FIXED_MINOR" // status of an LV: its device number is LV.Major, LV.Minor
	FlagNotSynced   = "NOTSYNCED"   // status of an LV
	FlagRebuild     = "REBUILD"     // status of an LV
	FlagWriteMostly = "WRITEMOSTLY" // status of an LV

	// FlagWriteLocked is in "flags" of a VG or LV, instead of WRITE in its
	// status, which versions that do not know such volumes then do not write to.
	FlagWriteLocked    = "WRITE_LOCKED"
	FlagNoAutoActivate = "NOAUTOACTIVATE"  // flags of a VG or LV
	FlagActivationSkip = "ACTIVATION_SKIP" // flags of an LV: activated only when asked for by name and with force
	FlagErrorWhenFull  = "ERROR_WHEN_FULL" // flags of a thin pool: error instead of queue
	FlagCacheVol       = "CACHE_VOL"       // flags of an LV

	// FlagCropMetadata is behind the type of a thin-pool segment, as
	// "thin-pool+CROP_METADATA".
	FlagCropMetadata = "CROP_METADATA"
)

// Has reports whether word is in f.
func (f Flags) Has(word string) bool { return slices.Contains(f, word) }

// With returns f with word, where lvm2 would print it; behind all others if
// lvm2 has no such word.
func (f Flags) With(word string) Flags {
	if f.Has(word) {
		return f
	}
	rank := flagRank(word)
	i := len(f)
	for i > 0 && rank < flagRank(f[i-1]) {
		i--
	}
	return slices.Insert(slices.Clone(f), i, word)
}

// Without returns f without word.
func (f Flags) Without(word string) Flags {
	if !f.Has(word) {
		return f
	}
	return slices.DeleteFunc(slices.Clone(f), func(w string) bool { return w == word })
}

// flagOrder is the order in which lvm2 prints words: that of the tables in
// lib/format_text/flags.c, which agree with one another.
var flagOrder = [...]string{
	FlagExported, FlagAllocatable, FlagResizeable,
	FlagRead, FlagWrite, FlagFixedMinor, FlagVisible, FlagPVMove, FlagLocked,
	FlagClustered, FlagShared, FlagMissing,
	FlagNotSynced, FlagRebuild, FlagWriteMostly,
	FlagWriteLocked, FlagActivationSkip, FlagNoAutoActivate, FlagErrorWhenFull, FlagCacheVol,
	FlagCropMetadata,
}

func flagRank(word string) int {
	if i := slices.Index(flagOrder[:], word); i >= 0 {
		return i
	}
	return len(flagOrder)
}

// set returns f with or without word.
func (f Flags) set(word string, on bool) Flags {
	if on {
		return f.With(word)
	}
	return f.Without(word)
}
