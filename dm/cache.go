package dm

import "github.com/rok-storage/rok/units"

// CacheFeature is a feature of a [Cache]. Other words than these are kept as
// they are.
type CacheFeature string

// The words of drivers/md/dm-cache-target.c. At most one of the first three;
// none is write-back.
const (
	CacheWriteback         CacheFeature = "writeback"
	CacheWritethrough      CacheFeature = "writethrough"
	CachePassthrough       CacheFeature = "passthrough" // never hits: for a cache that may be stale
	CacheMetadata2         CacheFeature = "metadata2"   // dirty bits kept apart; Linux 4.12
	CacheNoDiscardPassdown CacheFeature = "no_discard_passdown"
)

// Cache keeps the blocks of a slow device that are used most on a fast one:
// target "cache", drivers/md/dm-cache-target.c. [CacheStatus] is its status.
//
//	0 41943040 cache 254:0 254:1 254:2 512 1 writeback smq 0
//
// The zero value has no devices, no block size and no policy. The kernel
// keeps the words behind the devices as it was given them, in that order.
type Cache struct {
	Metadata   BlockDev
	Cache      BlockDev // the fast device
	Origin     BlockDev // the slow device
	BlockSize  units.Sectors
	Features   []CacheFeature
	Policy     string // "default", "smq", "cleaner"
	PolicyArgs []Arg  // also for the target itself: migration_threshold
	Extra      string // what follows in the line, verbatim
}

// Type returns "cache".
func (Cache) Type() string { return "cache" }

func (t *Cache) fields() []field {
	return []field{
		{"metadata device", needed{&t.Metadata}},
		{"cache device", needed{&t.Cache}},
		{"origin device", needed{&t.Origin}},
		{"block size", &t.BlockSize},
		{"features", words[CacheFeature]{&t.Features}},
		{"policy", (*string)(&t.Policy)},
		{"policy arguments", arguments{&t.PolicyArgs}},
	}
}

// AppendParams appends "METADATA CACHE ORIGIN BLOCK-SIZE #FEATURES FEATURE…
// POLICY #ARGS KEY VALUE…". It fails where a device or the policy is not set.
func (t Cache) AppendParams(b []byte) ([]byte, error) {
	return appendFields(b, t.fields(), t.Extra)
}

func parseCache(s string) (Target, error) {
	var t Cache
	p := tableParams(t.Type(), s)
	t.Extra = p.all(t.fields())
	return t, p.end()
}
