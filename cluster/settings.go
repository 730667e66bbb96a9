package cluster

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rok-storage/rok/units"
)

// Settings are the variables as values, for those who work with them. The defaults are in it.
type Settings struct {
	MapVersion int         // composer.map_version
	Degree     int         // composerd.maptree_degree; 0: flat, AutoDegree: auto
	BlockSize  units.Bytes // composer.block_size
	LeaseTTL   time.Duration
	GC         GCSettings
	Retention  Retention
	S3         map[int]S3Settings // by instance; one that is not there has the defaults of [Settings.Instance]
}

// AutoDegree is what Degree is for "auto".
const AutoDegree = -1

// GCSettings are the variables of gc.
type GCSettings struct {
	LeaseTTL, ClockMargin, Wait time.Duration
}

// Retention are the variables of retention. Zero keeps none for that reason.
type Retention struct {
	KeepLast, KeepDaily, KeepWeekly int
}

// S3Settings are the variables of a daemon. Those that are no text have their defaults.
type S3Settings struct {
	AssumeNoVersioning, NoVersioning bool
	CacheSize, JournalSize           units.Bytes
	SecretKey                        Secret
	Store                            string
}

// Secret is a text that prints hidden.
type Secret string

// String is [Hidden].
func (s Secret) String() string { return Hidden }

// GoString is [Hidden].
func (s Secret) GoString() string { return Hidden }

// SettingsOf reads values that are set, as [Applied] has them; nil has the defaults. What a later
// version knows only is passed over. Errors match [ErrDamaged]: what is stored was checked.
func SettingsOf(values map[string]string) (Settings, error) {
	r := settingsReader{values: values}
	s := Settings{
		MapVersion: int(r.number(varMapVersion)),
		BlockSize:  r.size(varBlockSize),
		LeaseTTL:   r.duration("cluster.lease_ttl"),
		GC:         GCSettings{r.duration("gc.lease_ttl"), r.duration("gc.clock_margin"), r.duration("gc.wait")},
		Retention:  Retention{int(r.number("retention.keep_last")), int(r.number("retention.keep_daily")), int(r.number("retention.keep_weekly"))},
		S3:         map[int]S3Settings{},
	}
	switch degree := r.text(varDegree); degree {
	case "":
	case "auto":
		s.Degree = AutoDegree
	default:
		s.Degree = int(r.number(varDegree))
	}
	state := State{Values: values}
	for instance := range state.instances() {
		n, _ := strconv.Atoi(instance) // instances has numbers alone
		name := "s3d." + instance + "."
		s.S3[n] = S3Settings{
			AssumeNoVersioning: r.bool(name + "assume_no_versioning"),
			NoVersioning:       r.bool(name+"no_versioning") || r.bool(name+"assume_no_versioning"),
			CacheSize:          r.size(name + "cache_size"),
			JournalSize:        r.size(name + "journal_size"),
			SecretKey:          Secret(r.text(name + "secret_key")),
			Store:              r.text(name + "store"),
		}
	}
	return s, r.err
}

// Instance are the settings of a daemon.
func (s Settings) Instance(n int) S3Settings {
	if i, ok := s.S3[n]; ok {
		return i
	}
	otherwise, _ := SettingsOf(nil) // defaults have no faults
	return otherwise.S3[0]
}

type settingsReader struct {
	values map[string]string
	err    error
}

func (r *settingsReader) text(name string) string {
	v, _, err := lookup(name)
	if err != nil {
		panic(err)
	}
	value, set := r.values[name]
	if !set {
		return v.Default
	}
	if _, err := v.Parse(value); err != nil && r.err == nil {
		r.err = fmt.Errorf("cluster: %s: %w: %w", name, ErrDamaged, err)
		return v.Default
	}
	return value
}

func (r *settingsReader) bool(name string) bool { return strings.EqualFold(r.text(name), "true") }

func (r *settingsReader) number(name string) int64 {
	n, _ := strconv.ParseInt(r.text(name), 10, 64) // Parse has accepted it
	return n
}

func (r *settingsReader) size(name string) units.Bytes {
	b, _ := units.ParseBytes(r.text(name)) // likewise
	return b
}

func (r *settingsReader) duration(name string) time.Duration {
	d, _ := time.ParseDuration(r.text(name)) // likewise
	return d
}
