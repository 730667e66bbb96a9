package main

import (
	"slices"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/cli"
)

// rules say what the errors of rok's packages mean to the shell. What the
// standard library has errors for is in cli.CodeOf.
func rules() []cli.Rule {
	return slices.Concat(lvmRules(), poolRules(), thinRules(), []cli.Rule{
		{Code: cli.Usage, Match: cli.As[*dm.NameError]()},
		{Code: cli.Usage, Match: cli.As[*dm.TableError]()},
		{Code: cli.Refused, Match: cli.As[*dm.BusyError]()},
	})
}
