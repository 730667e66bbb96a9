package main

import (
	"errors"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/cluster/kv"
	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/conf"
	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/s3"
)

// rules say what the errors of rok's packages mean to the shell. What the standard
// library has errors for is in cli.CodeOf.
func rules() []cli.Rule {
	return append(clusterRules(), storeRules()...)
}

func clusterRules() []cli.Rule {
	return []cli.Rule{
		{Code: cli.Usage, Match: cli.Is(cluster.ErrUnknown)},
		{Code: cli.Usage, Match: cli.Is(cluster.ErrValue)},
		{Code: cli.Usage, Match: cli.Is(cluster.ErrTarget)},
		{Code: cli.Refused, Match: cli.Is(cluster.ErrRefused)},
		{Code: cli.Refused, Match: cli.Is(cluster.ErrSchema)},
		{Code: cli.Refused, Match: cli.Is(cluster.ErrEmptied)},
		{Code: cli.Refused, Match: cli.Is(cluster.ErrTooLarge)},
		{Code: cli.NotFound, Match: cli.Is(cluster.ErrNoMember)},
		{Code: cli.NotFound, Match: cli.Is(cluster.ErrNoRevision)},
		{Code: cli.Unreachable, Match: cli.Is(cluster.ErrAbsent)},
		{Code: cli.Corrupt, Match: cli.Is(cluster.ErrDamaged)},
		{Code: cli.Usage, Match: cli.Is(kv.ErrInvalid)},
		{Code: cli.Refused, Match: cli.Is(kv.ErrTooLarge)},
		{Code: cli.Unreachable, Match: cli.Is(kv.ErrUnreachable)},
		{Code: cli.Unreachable, Match: cli.Is(kv.ErrDenied)},
		{Code: cli.Unreachable, Match: cli.Is(kv.ErrLeaseLost)},
		{Code: cli.Corrupt, Match: cli.Is(kv.ErrDamaged)},
		{Code: cli.Usage, Match: cli.As[*conf.Error]()},
	}
}

func storeRules() []cli.Rule {
	return []cli.Rule{
		{Code: cli.Usage, Match: cli.Is(store.ErrName)},
		{Code: cli.Usage, Match: cli.Is(maps.ErrShape)},
		{Code: cli.Usage, Match: cli.Is(composer.ErrLabel)},
		{Code: cli.Usage, Match: cli.Is(composer.ErrReserved)},
		{Code: cli.Refused, Match: cli.Is(composer.ErrSourceChanged)},
		{Code: cli.Refused, Match: cli.Is(composer.ErrBase)},
		{Code: cli.NoSpace, Match: cli.Is(composer.ErrTooSmall)},
		{Code: cli.Corrupt, Match: cli.Is(composer.ErrDiffers)},
		{Code: cli.Corrupt, Match: cli.Is(composer.ErrTwin)},
		{Code: cli.Usage, Match: cli.Is(store.ErrAddress)},
		{Code: cli.Refused, Match: cli.As[*s3.VersioningError]()},
		{Code: cli.Refused, Match: cli.Is(store.ErrExists)},
		{Code: cli.Refused, Match: cli.Is(store.ErrChanged)},
		{Code: cli.NotFound, Match: removedMap},
		{Code: cli.Refused, Match: cli.Is(store.ErrLocked)},
		{Code: cli.Refused, Match: cli.Is(store.ErrSettings)},
		{Code: cli.Refused, Match: cli.Is(store.ErrLeaseLost)},
		{Code: cli.NotFound, Match: cli.Is(store.ErrMissing)},
		{Code: cli.Unreachable, Match: cli.Is(store.ErrUnreachable)},
		{Code: cli.Unreachable, Match: cli.Is(store.ErrDenied)},
		{Code: cli.NoSpace, Match: cli.Is(store.ErrNoSpace)},
		{Code: cli.Corrupt, Match: cli.Is(store.ErrCorrupt)},
	}
}

// removedMap tells whether a map is no more that was there when it was opened.
func removedMap(err error) bool {
	e, ok := errors.AsType[*store.ChangedError](err)
	return ok && e.Removed
}
