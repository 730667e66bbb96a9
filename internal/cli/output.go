package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// Format is how a result is printed: for people, as JSON, or not at all. The zero
// value is for people.
type Format struct {
	word   string // empty: table
	silent bool   // none may be chosen
}

// The words of the flag.
const (
	formatTable = "table"
	formatJSON  = "json"
	formatNone  = "none"
)

// OutputFlag gives c the flag -o, --output.
func OutputFlag(c *cobra.Command) *Format { return outputFlag(c, new(Format), "print a table or json") }

// ResultFlag is [OutputFlag] for a command that does something, whose result need not
// be printed.
func ResultFlag(c *cobra.Command) *Format {
	return outputFlag(c, &Format{silent: true}, "print a table, json, or nothing but errors")
}

func outputFlag(c *cobra.Command, f *Format, usage string) *Format {
	c.Flags().VarP(f, "output", "o", usage)
	// Only a programmer's error can make this fail.
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(f.words(), cobra.ShellCompDirectiveNoFileComp))
	return f
}

func (f *Format) words() []string {
	words := []string{formatTable, formatJSON, formatNone}
	if !f.silent {
		words = words[:2]
	}
	return words
}

// JSON reports whether JSON was asked for.
func (f *Format) JSON() bool { return f.word == formatJSON }

// None reports whether nothing is to be printed.
func (f *Format) None() bool { return f.word == formatNone }

// String names f as the flag does.
func (f *Format) String() string { return cmp.Or(f.word, formatTable) }

// Set reads the flag.
func (f *Format) Set(s string) error {
	words := f.words()
	if !slices.Contains(words, s) {
		last := len(words) - 1
		return fmt.Errorf("want %s or %s", strings.Join(words[:last], ", "), words[last])
	}
	f.word = s
	return nil
}

// Type names the flag's argument in a usage text.
func (f *Format) Type() string { return strings.Join(f.words(), "|") }

// JSON prints v as one document, indented.
func JSON(w io.Writer, v any) error { return encode(w, v, "  ") }

// JSONLine prints v as one document in one line, for streams.
func JSONLine(w io.Writer, v any) error { return encode(w, v, "") }

func encode(w io.Writer, v any, indent string) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	return e.Encode(v)
}

// QuietFlag gives c the flag -q, --quiet, for commands that report on the way.
func QuietFlag(c *cobra.Command) *bool {
	return c.Flags().BoolP("quiet", "q", false, "do not report progress")
}
