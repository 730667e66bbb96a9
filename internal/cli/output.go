package cli

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// Format is how a result is printed: for people, or as JSON. The zero value is
// for people.
type Format struct{ json bool }

// OutputFlag gives c the flag -o, --output.
func OutputFlag(c *cobra.Command) *Format {
	f := new(Format)
	c.Flags().VarP(f, "output", "o", "print a table or json")
	// Only a programmer's error can make this fail.
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"table", "json"}, cobra.ShellCompDirectiveNoFileComp))
	return f
}

// JSON reports whether JSON was asked for.
func (f *Format) JSON() bool { return f.json }

// String names f as the flag does.
func (f *Format) String() string {
	if f.json {
		return "json"
	}
	return "table"
}

// Set reads the flag.
func (f *Format) Set(s string) error {
	if s != "table" && s != "json" {
		return fmt.Errorf("want table or json")
	}
	f.json = s == "json"
	return nil
}

// Type names the flag's argument in a usage text.
func (f *Format) Type() string { return "table|json" }

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
