package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// UsageError says that the command line is wrong. Nothing was done.
type UsageError struct{ Reason string }

// Error returns Reason.
func (e *UsageError) Error() string { return e.Reason }

// Usagef makes a [*UsageError].
func Usagef(format string, args ...any) error {
	return &UsageError{Reason: fmt.Sprintf(format, args...)}
}

// Args allows from least to most arguments; a negative most is no limit. It is
// for [cobra.Command.Args].
func Args(least, most int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return Usagef("%d argument(s) missing: %s", least-len(args), c.UseLine())
		case most >= 0 && len(args) > most:
			return Usagef("argument %q is one too many: %s", args[most], c.UseLine())
		}
		return nil
	}
}

// flagError turns an error of pflag into a [*UsageError], which names the
// nearest flag where there is no such one.
func flagError(c *cobra.Command, err error) error {
	if missing, ok := errors.AsType[*pflag.NotExistError](err); ok {
		return unknownFlag(missing.GetSpecifiedName(), missing.GetSpecifiedShortnames() != "", c.Flags())
	}
	return &UsageError{Reason: err.Error()}
}

func unknownFlag(name string, short bool, flags *pflag.FlagSet) error {
	var names []string
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		if names = append(names, "--"+f.Name); short && f.Shorthand != "" {
			names = append(names, "-"+f.Shorthand)
		}
	})
	if short {
		return Usagef("unknown flag -%s; %s", name, didYouMean("-"+name, names))
	}
	return Usagef("unknown flag --%s; %s", name, didYouMean("--"+name, names))
}

// checkDashes refuses an argument that begins with a dash of typography, which
// is how documents print two hyphens. What follows "--" is taken as it is.
func checkDashes(args []string) error {
	for _, arg := range args {
		if arg == "--" {
			return nil
		}
		for _, dash := range []struct{ char, name string }{{"–", "an en dash"}, {"—", "an em dash"}} {
			if rest, ok := strings.CutPrefix(arg, dash.char); ok {
				typed := "--" + strings.TrimLeft(rest, "-–—")
				return Usagef("%q begins with %s (U+%04X); type two hyphens: %s",
					arg, dash.name, []rune(dash.char)[0], typed)
			}
		}
	}
	return nil
}
