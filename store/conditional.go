package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/google/uuid"
)

// Conditional is what a [Bucket] may have, too: whether it keeps the conditions of a Put, so that of two who write at once one
// is refused. Of a bucket that does not say, a [Store] finds out by writing, before it first changes anything.
type Conditional interface {
	Conditional(ctx context.Context) (bool, error)
}

// Conditional is true: names are changed under a lock.
func (d *Dir) Conditional(context.Context) (bool, error) { return true, nil }

// UnconditionalError says that a bucket does not keep the conditions of a Put. Without them neither a lease nor a map's
// name is anybody's own, so nothing is changed there; what is in it can be read. It matches errors.ErrUnsupported.
type UnconditionalError struct{ Address string }

func (e *UnconditionalError) Error() string {
	return fmt.Sprintf("store: %s does not keep the conditions of writes (If-Match, If-None-Match): two programs at once could destroy each other's maps, "+
		"so none is written or removed there; maps that are there can be read. "+
		"Use a service that keeps them, such as Amazon S3, MinIO or versitygw, or a directory", e.Address)
}

// Is reports whether target is errors.ErrUnsupported.
func (e *UnconditionalError) Is(target error) bool { return target == errors.ErrUnsupported }

// Refused is true: see package cli.
func (e *UnconditionalError) Refused() bool { return true }

// probePrefix is that of objects that are put to find out, and removed again. A collection removes those of programs that were killed.
const probePrefix = "probe/"

// conditions remembers that a bucket keeps them. The zero value has not asked.
type conditions struct {
	mu   sync.Mutex // held while the bucket is asked
	kept bool
}

// require fails where the bucket does not keep conditions: [*UnconditionalError]. Errors of asking are not remembered.
func (c *conditions) require(ctx context.Context, b Bucket) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept {
		return nil
	}
	var err error
	c.kept, err = KeepsConditions(ctx, b)
	if err == nil && !c.kept {
		err = &UnconditionalError{b.Address()}
	}
	return err
}

// KeepsConditions tells whether a bucket keeps the conditions of a Put: what it says where it is a [Conditional], and else
// what writing to it shows.
func KeepsConditions(ctx context.Context, b Bucket) (bool, error) {
	if says, ok := b.(Conditional); ok {
		return says.Conditional(ctx)
	}
	return probe(ctx, b)
}

// probe writes what must be done and what must be refused, in turns. Contents differ, as versions of equal ones need not.
func probe(ctx context.Context, b Bucket) (kept bool, err error) {
	key := probePrefix + uuid.NewString()
	defer func() {
		if deleted := b.Delete(context.WithoutCancel(ctx), key); err == nil {
			err = deleted
		}
	}()
	tries := 0
	put := func(c Condition) (Info, error) {
		tries++
		return b.Put(ctx, key, strings.NewReader(fmt.Sprintf("rok probe %d\n", tries)), c)
	}
	absent, err := put(Condition{Absent: true})
	if err != nil {
		return false, err
	}
	if _, err := put(Condition{Absent: true}); !errors.Is(err, ErrExists) {
		return false, err
	}
	changed, err := put(Condition{Version: absent.Version})
	if err != nil {
		return false, err
	}
	if _, err := put(Condition{Version: absent.Version}); !errors.Is(err, ErrChanged) {
		return false, err
	}
	return changed.Version != absent.Version, nil
}
