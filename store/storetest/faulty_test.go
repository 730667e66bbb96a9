package storetest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/store"
)

func TestFaults(t *testing.T) {
	ctx := context.Background()
	lost := errors.New("lost")
	f := &Faulty{Bucket: &Memory{}}
	put := func(key string, c store.Condition) error {
		_, err := f.Put(ctx, key, strings.NewReader(key), c)
		return err
	}
	there := func(key string) bool {
		_, err := f.Bucket.Stat(ctx, key)
		return err == nil
	}
	next := func(fault Fault) { f.Plan = Nth(f.Calls()+1, fault) }

	next(Fault{Before: store.ErrNoSpace})
	require.ErrorIs(t, put("a", store.Condition{}), store.ErrNoSpace)
	require.False(t, there("a"))
	next(Fault{After: lost})
	require.ErrorIs(t, put("a", store.Condition{}), lost)
	require.True(t, there("a"))
	next(Fault{Repeat: 1})
	require.ErrorIs(t, put("b", store.Condition{Absent: true}), store.ErrExists)
	require.True(t, there("b"))

	next(Fault{Late: true})
	require.ErrorIs(t, put("c", store.Condition{}), store.ErrUnreachable)
	next(Fault{Late: true})
	require.ErrorIs(t, f.Delete(ctx, "c", "a"), store.ErrUnreachable)
	require.True(t, there("a"))
	require.NoError(t, f.Release(ctx))
	require.False(t, there("a"))
	require.True(t, there("c"), "the last comes first")

	dst := make([]byte, 1)
	next(Fault{Short: 9})
	n, info, err := f.Get(ctx, "c", 0, dst)
	require.NoError(t, err)
	require.Zero(t, n)
	require.Equal(t, int64(1), info.Size)

	next(Fault{After: lost})
	var keys []string
	for info, err := range f.List(ctx, "") {
		if err != nil {
			require.ErrorIs(t, err, lost)
			break
		}
		keys = append(keys, info.Key)
	}
	require.Equal(t, []string{"b"}, keys)

	called := false
	next(Fault{Hook: func(context.Context) { called = true }, Kill: true, After: lost})
	require.ErrorIs(t, put("d", store.Condition{}), ErrKilled)
	require.True(t, called)
	require.True(t, there("d"))
	f.Plan = nil
	calls := f.Calls()
	require.ErrorIs(t, put("e", store.Condition{}), ErrKilled)
	require.ErrorIs(t, f.Delete(ctx, "d"), ErrKilled)
	require.True(t, there("d"))
	require.Equal(t, calls, f.Calls())
}
