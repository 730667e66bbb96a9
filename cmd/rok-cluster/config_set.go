package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/internal/cli"
)

func configSet(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "set NAME=VALUE... [flags]",
		Short: "Give variables values, all or none",
		Long: "Give variables values. All are set in one transaction, or none is.\n\n" +
			"A value that begins with a double quote is a quoted one, as config get prints it.",
		Example: "  rok-config set composer.map_version=3\n  rok-config set gc.wait=5m retention.keep_last=7",
		Args:    cli.Args(1, -1),
	}
	return changing(e, c, func(args []string) (func(*cluster.State) (cluster.Change, error), error) {
		var all []cluster.Assignment
		var faults []error
		for _, arg := range args {
			a, err := cluster.ParseAssignment(arg)
			all, faults = append(all, a), append(faults, err)
		}
		return func(s *cluster.State) (cluster.Change, error) { return cluster.PlanSet(s, all) }, errors.Join(faults...)
	})
}

func configUnset(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:     "unset NAME... [flags]",
		Short:   "Give variables their defaults, all or none",
		Long:    "Give variables their defaults. All are unset in one transaction, or none is.",
		Example: "  rok-config unset composerd.maptree_degree",
		Args:    cli.Args(1, -1),
	}
	return changing(e, c, func(args []string) (func(*cluster.State) (cluster.Change, error), error) {
		return func(s *cluster.State) (cluster.Change, error) { return cluster.PlanUnset(s, args) }, nil
	})
}
