package etcd

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"golang.org/x/sys/unix"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/rok-storage/rok/cluster/kv"
)

// meanings are those of etcd's own errors.
var meanings = []struct {
	means error
	of    []error
}{
	{kv.ErrDenied, []error{rpctypes.ErrPermissionDenied, rpctypes.ErrAuthFailed, rpctypes.ErrUserEmpty, rpctypes.ErrInvalidAuthToken, rpctypes.ErrAuthNotEnabled, rpctypes.ErrAuthOldRevision, rpctypes.ErrInvalidAuthMgmt}},
	{kv.ErrTooLarge, []error{rpctypes.ErrRequestTooLarge, rpctypes.ErrTooManyOps}},
	{kv.ErrLeaseLost, []error{rpctypes.ErrLeaseNotFound}},
	{kv.ErrCompacted, []error{rpctypes.ErrCompacted}},
	{kv.ErrInvalid, []error{rpctypes.ErrDuplicateKey, rpctypes.ErrEmptyKey, rpctypes.ErrLeaseTTLTooLarge}},
	{kv.ErrDamaged, []error{rpctypes.ErrCorrupt}},
	{unix.ENOSPC, []error{rpctypes.ErrNoSpace}},
	{kv.ErrUnreachable, []error{rpctypes.ErrTooManyRequests}},
}

// statuses are the meanings of what is no error of etcd's own.
var statuses = map[codes.Code]error{
	codes.Unauthenticated:   kv.ErrDenied,
	codes.PermissionDenied:  kv.ErrDenied,
	codes.ResourceExhausted: kv.ErrTooLarge, // a message, as gRPC sees it
}

// meaning gives an error of the client the one of kv's that it stands for. What is not known to be another is
// [kv.ErrUnreachable], which leaves open what was done.
func meaning(err error) error {
	for _, m := range meanings {
		if slices.ContainsFunc(m.of, func(e error) bool { return errors.Is(err, e) }) {
			return fmt.Errorf("%w: %w", m.means, err)
		}
	}
	if _, ok := errors.AsType[rpctypes.EtcdError](err); !ok {
		if s, ok := status.FromError(err); ok && statuses[s.Code()] != nil {
			return fmt.Errorf("%w: %w", statuses[s.Code()], err)
		}
	}
	return fmt.Errorf("%w: %w", kv.ErrUnreachable, err)
}

// lostTries is how often what only reads is sent again when its connection is lost. Where nobody listens, that
// is soon known.
const lostTries = 5

// passing reports whether what had no answer for this reason is to be sent again: an election, or another member,
// ends it.
func passing(err error, again int) bool {
	if e, ok := errors.AsType[rpctypes.EtcdError](err); ok {
		return e.Code() == codes.Unavailable
	}
	s, ok := status.FromError(err)
	return ok && s.Code() == codes.Unavailable && again < lostTries
}

// interrupted is the error of a request whose caller's context has ended. A read is not done; of a change that is not
// known.
func interrupted(ctx context.Context, changes bool) error {
	if changes || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", kv.ErrUnreachable, ctx.Err())
	}
	return ctx.Err()
}
