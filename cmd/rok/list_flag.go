package main

import (
	"strings"

	"github.com/spf13/pflag"
)

// listFlag is a flag that may be repeated. pflag has one, which sends its default
// through package encoding/csv each time that a program starts.
type listFlag struct{ list *[]string }

// listVar gives f a flag that may be repeated; short may be empty.
func listVar(f *pflag.FlagSet, list *[]string, name, short, usage string) {
	f.VarP(listFlag{list}, name, short, usage)
}

// Set adds one.
func (f listFlag) Set(s string) error {
	*f.list = append(*f.list, s)
	return nil
}

// String is what was given.
func (f listFlag) String() string {
	if f.list == nil {
		return "" // pflag compares defaults with that of the zero value
	}
	return strings.Join(*f.list, ",")
}

// Type names the flag's argument in a usage text that does not.
func (f listFlag) Type() string { return "list" }
