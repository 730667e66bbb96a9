package dm

import "github.com/rok-storage/rok/units"

// CacheMode is what a cache says of itself in its status.
type CacheMode string

// The modes that cache_status of drivers/md/dm-cache-target.c prints.
const (
	CacheReadWrite CacheMode = "rw"
	CacheReadOnly  CacheMode = "ro" // its metadata cannot be written
	// CacheFail is a cache that does no I/O any more; CacheError one whose
	// figures the kernel could not read. Nothing else is known then.
	CacheFail  CacheMode = "Fail"
	CacheError CacheMode = "Error"
)

// CacheStatus is the status of a [Cache].
//
//	0 41943040 cache 8 27/1024 512 0/64 0 52 0 0 0 0 0 1 writeback 2 migration_threshold 2048 smq 0 rw -
//
// With Mode [CacheFail] or [CacheError] the line is that word alone and all
// other fields are zero.
type CacheStatus struct {
	MetadataBlockSize                       units.Sectors
	UsedMetadataBlocks, TotalMetadataBlocks uint64
	CacheBlockSize                          units.Sectors
	UsedCacheBlocks, TotalCacheBlocks       uint64
	ReadHits, ReadMisses                    uint64 // 32-bit counters that wrap, as the next four
	WriteHits, WriteMisses                  uint64
	Demotions, Promotions                   uint64
	Dirty                                   uint64 // cache blocks that differ from the origin
	Features                                []CacheFeature
	CoreArgs                                []Arg
	Policy                                  string
	PolicyArgs                              []Arg
	Mode                                    CacheMode
	NeedsCheck                              bool // the metadata must be checked before it is written again

	// Fields is how many of the 17 fields the kernel printed; zero is all of
	// them. Linux before 4.2 prints 16 (to Mode), before 3.19 15.
	Fields int
	Extra  string // what follows, verbatim: kernels print a blank
}

// Type returns "cache".
func (CacheStatus) Type() string { return "cache" }

func (s *CacheStatus) fields() []field {
	return []field{
		{"metadata block size", &s.MetadataBlockSize},
		{"metadata blocks", ratio{&s.UsedMetadataBlocks, &s.TotalMetadataBlocks}},
		{"cache block size", &s.CacheBlockSize},
		{"cache blocks", ratio{&s.UsedCacheBlocks, &s.TotalCacheBlocks}},
		{"read hits", &s.ReadHits},
		{"read misses", &s.ReadMisses},
		{"write hits", &s.WriteHits},
		{"write misses", &s.WriteMisses},
		{"demotions", &s.Demotions},
		{"promotions", &s.Promotions},
		{"dirty", &s.Dirty},
		{"features", words[CacheFeature]{&s.Features}},
		{"core arguments", arguments{&s.CoreArgs}},
		{"policy", &s.Policy},
		{"policy arguments", arguments{&s.PolicyArgs}},
		{"mode", (*string)(&s.Mode)},
		{"needs check", choice{"needs_check", "-", &s.NeedsCheck}},
	}
}

// AppendStatus appends the line as the kernel printed it.
func (s CacheStatus) AppendStatus(b []byte) []byte {
	l := appendLine(b)
	switch s.Mode {
	case CacheFail, CacheError:
		l.word(string(s.Mode))
	default:
		l.fields(s.Fields, s.fields())
	}
	return l.extra(s.Extra).b
}

func parseCacheStatus(params string) (Status, error) {
	var s CacheStatus
	p := statusParams(s.Type(), params)
	switch mode := CacheMode(p.peek()); mode {
	case CacheFail, CacheError:
		p.word("mode")
		s.Mode = mode
	default:
		s.Fields = p.printed(15, s.fields())
	}
	s.Extra = p.extra()
	return s, p.end()
}
