package cli_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/cli"
)

// program is a small tree of commands.
func program() *cobra.Command {
	copyCommand := &cobra.Command{Use: "copy FROM TO", Short: "Copy", Args: cli.Args(2, 2), Example: "  tool disk copy a b  # quickly\n  tool disk copy b a"}
	copyCommand.Flags().String("mode", "", "a `MODE`")
	copyCommand.Flags().BoolP("sync", "s", false, "wait")
	copyCommand.Flags().Bool("sink", false, "not shown")
	_ = copyCommand.Flags().MarkHidden("sink")
	_ = copyCommand.MarkFlagRequired("mode")
	copyCommand.RunE = func(c *cobra.Command, args []string) error {
		fmt.Fprintln(c.OutOrStdout(), args)
		if args[0] == "missing" {
			return errors.Join(fs.ErrNotExist, errors.New("other"))
		}
		return nil
	}
	return cli.Group("tool", "A tool.", cli.Group("disk", "Disks", copyCommand))
}

func run(args ...string) (stdout, stderr string, code cli.Code) {
	var out, err strings.Builder
	p := cli.Program{Root: program(), Stdin: strings.NewReader(""), Stdout: &out, Stderr: &err}
	code = p.Run(context.Background(), args)
	return out.String(), err.String(), code
}

func TestProgram(t *testing.T) {
	tests := []struct {
		name, args     string
		stdout, stderr string
		code           cli.Code
	}{
		{"runs", "disk copy --mode x a b", "[a b]\n", "", cli.Done},
		{"joined errors are lines", "disk copy --mode x missing b", "[missing b]\n", "tool: file does not exist\ntool: other\n", cli.NotFound},
		{"required flag", "disk copy a b", "", `required flag(s) "mode" not set`, cli.Usage},
		{"argument missing", "disk copy --mode x a", "", "1 argument(s) missing", cli.Usage},
		{"argument too many", "disk copy --mode x a b c", "", `argument "c" is one too many`, cli.Usage},
		{"flag", "disk copy --mod x", "", "unknown flag --mod; did you mean --mode?", cli.Usage},
		{"hidden flag is not named", "disk copy --sin x", "", "unknown flag --sin; the nearest one is --sync", cli.Usage},
		{"short flag", "disk copy -ss -x", "", "unknown flag -x; the nearest one is -h", cli.Usage},
		{"command", "disk kopy", "", `tool disk: no command "kopy"; did you mean copy?`, cli.Usage},
		{"group", "dsik copy", "", `tool: no command "dsik"; did you mean disk?`, cli.Usage},
		{"en dash", "disk copy –mode=x a b", "", "type two hyphens: --mode=x", cli.Usage},
		{"en dash behind --", "disk copy --mode x -- –a b", "[–a b]\n", "", cli.Done},
		{"en dash in the middle", "disk copy --mode x a–b b", "[a–b b]\n", "", cli.Done},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			stdout, stderr, code := run(strings.Fields(tt.args)...)
			require.Equal(t, tt.code, code, stderr)
			require.Equal(t, tt.stdout, stdout)
			if tt.stderr == "" {
				require.Empty(t, stderr)
			}
			require.Contains(t, stderr, tt.stderr)
		})
	}
}

func TestExamples(t *testing.T) {
	c, _, err := program().Find([]string{"disk", "copy"})
	require.NoError(t, err)
	require.Equal(t, []string{"tool disk copy a b", "tool disk copy b a"}, cli.Examples(c))
}
