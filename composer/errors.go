package composer

import (
	"errors"
	"fmt"
	"strings"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/units"
)

var (
	// ErrReserved says that a name ends as the backups of upgrades do.
	ErrReserved = errors.New("names that end in ~vN.bak are for backups of map-upgrade")
	// ErrSourceChanged says that a source changed while it was read, so that what was read is of no
	// one moment. Nothing was published.
	ErrSourceChanged = errors.New("the source changed while it was read")
	// ErrBase says that changed ranges do not go with the base.
	ErrBase = errors.New("the base does not go with the changed ranges")
	// ErrLabel says that a label is none.
	ErrLabel = errors.New("not a label")
	// ErrDiffers says that a target does not hold what the map says.
	ErrDiffers = errors.New("the target differs from the map")
	// ErrTooSmall says that a target has no room for the volume. Nothing was written.
	ErrTooSmall = errors.New("the target is too small")
	// ErrTwin says that a map and its backup are not the same volume.
	ErrTwin = errors.New("the map differs from its backup")
)

// RefusedError says that something was not done, since it might destroy what is wanted.
type RefusedError struct {
	Op     string
	Object string
	Err    error // the reason; says what the user can do
}

func (e *RefusedError) Error() string { return fmt.Sprintf("%s %s: %v", e.Op, e.Object, e.Err) }

func (e *RefusedError) Unwrap() error { return e.Err }

// Refused is true: see package cli.
func (e *RefusedError) Refused() bool { return true }

// BackupError says that the backup of a former upgrade is of another state of a map, mostly since the map was registered as v3
// again. It is never overwritten: whose it was, decides.
type BackupError struct{ Map, Backup string }

func (e *BackupError) Error() string {
	return fmt.Sprintf("it holds another state of the map, from before it was registered again; "+
		"keep that state as a file with \"rok-present %[2]s FILE\" if it is wanted, run \"rok-composer-tool rm %[2]s\", then upgrade %[1]s again", e.Map, quoted(e.Backup))
}

// quoted is a text as a shell takes it for one word.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// DamageError says which bytes of a volume cannot be read from the store.
type DamageError struct {
	Map   string
	Range maps.Range
	Err   error // matches maps.ErrCorrupt or maps.ErrMissing
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("map %s: bytes %d to %d cannot be read: %v", e.Map, e.Range.Start, e.Range.Start+e.Range.Length-1, e.Err)
}

func (e *DamageError) Unwrap() error { return e.Err }

// Is reports whether target is maps.ErrCorrupt: what is missing of a map is damage of it.
func (e *DamageError) Is(target error) bool { return target == maps.ErrCorrupt }

// damaged tells whether an error is about the object that was asked for, so that others may be
// read all the same.
func damaged(err error) bool {
	return errors.Is(err, maps.ErrCorrupt) || errors.Is(err, maps.ErrMissing)
}

// end is where a range ends.
func end(r maps.Range) units.Bytes { return r.Start + r.Length }
