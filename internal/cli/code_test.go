package cli_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/cli"
)

type refusal struct{ really bool }

func (refusal) Error() string   { return "the device is mounted" }
func (r refusal) Refused() bool { return r.really }

func TestCodeOf(t *testing.T) {
	torn := errors.New("torn")
	notFound := &fs.PathError{Op: "open", Path: "/dev/x", Err: syscall.ENOENT}
	tests := []struct {
		name string
		err  error
		want cli.Code
	}{
		{"nothing", nil, cli.Done},
		{"any", errors.New("any"), cli.Failed},
		{"usage", cli.Usagef("no"), cli.Usage},
		{"refused", fmt.Errorf("create: %w", refusal{true}), cli.Refused},
		{"not refused", refusal{false}, cli.Failed},
		{"not found", notFound, cli.NotFound},
		{"refused connection", fmt.Errorf("dial: %w", syscall.ECONNREFUSED), cli.Unreachable},
		{"deadline", context.DeadlineExceeded, cli.Unreachable},
		{"no space", &fs.PathError{Op: "write", Path: "/x", Err: syscall.ENOSPC}, cli.NoSpace},
		{"rule", fmt.Errorf("read: %w", torn), cli.Corrupt},
		{"highest of joined", errors.Join(notFound, fmt.Errorf("x: %w", syscall.ENOSPC), cli.Usagef("no")), cli.NoSpace},
		{"highest of wrapped", fmt.Errorf("%w: %w", notFound, torn), cli.Corrupt},
		{"next step keeps the code", &cli.Error{Err: notFound, Next: "look"}, cli.NotFound},
		{"own code hides", &cli.Error{Err: notFound, Code: cli.Failed}, cli.Failed},
		{"own code among others", errors.Join(&cli.Error{Err: torn, Code: cli.Refused}, notFound), cli.NotFound},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, cli.CodeOf(tt.err, cli.Rule{Code: cli.Corrupt, Match: cli.Is(torn)}))
		})
	}
}

func TestError(t *testing.T) {
	err := &cli.Error{Err: fs.ErrNotExist, Next: "make it"}
	require.EqualError(t, err, "file does not exist; make it")
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.EqualError(t, &cli.Error{Err: fs.ErrNotExist}, "file does not exist")
}

func TestEachGoesOn(t *testing.T) {
	var done []int
	err := cli.Each([]int{1, 2, 3}, func(n int) error {
		done = append(done, n)
		if n != 2 {
			return fmt.Errorf("bad %d", n)
		}
		return nil
	})
	require.Equal(t, []int{1, 2, 3}, done)
	require.EqualError(t, err, "bad 1\nbad 3")
	require.NoError(t, cli.Each([]int{2}, func(int) error { return nil }))
}
