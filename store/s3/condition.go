package s3

import (
	"bytes"
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/rok-storage/rok/store"
)

var _ store.Conditional = (*Bucket)(nil)

// Conditional reports whether the service looks at the conditions of a Put, so that of two who write at
// once one is refused. It asks by writing objects below probe/, once; an error is of these, and is not remembered.
func (b *Bucket) Conditional(ctx context.Context) (bool, error) {
	b.probing.Lock()
	defer b.probing.Unlock()
	if b.conditional != nil {
		return *b.conditional, nil
	}
	key := "probe/" + uuid.NewString()
	yes, err := b.probe(ctx, key)
	if deleted := b.Delete(context.WithoutCancel(ctx), key); err == nil {
		err = deleted
	}
	if err != nil {
		return false, err
	}
	b.conditional = &yes
	return yes, nil
}

// probe writes what must be done and what must be refused, in turns.
func (b *Bucket) probe(ctx context.Context, key string) (bool, error) {
	var last store.Info
	steps := []struct {
		condition func() store.Condition
		done      bool
	}{
		{func() store.Condition { return store.Condition{Absent: true} }, true},
		{func() store.Condition { return store.Condition{Absent: true} }, false},
		{func() store.Condition { return store.Condition{Version: last.Version} }, true},
		{func() store.Condition { return store.Condition{Version: "0123456789abcdef0123456789abcdef"} }, false},
	}
	for i, step := range steps {
		info, err := b.put(ctx, key, bytes.NewReader(fmt.Appendf(nil, "rok probe %d\n", i)), step.condition())
		switch {
		case err == nil && step.done:
			last = info
		case err == nil, refused(err) && step.done, unknown(err):
			return false, nil
		case refused(err):
		default:
			return false, b.fail("probe", key, err)
		}
	}
	return true, nil
}
