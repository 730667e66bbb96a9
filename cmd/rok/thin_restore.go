package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/thin/metadata"
	"github.com/rok-storage/rok/units"
)

func thinRestore(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "restore -i XML -o FILE",
		Short: "Write a pool's metadata from XML",
		Long: `Write the metadata of a pool, from the XML that rok thin dump and thin_dump print, into a
file or onto a device. It is written in full and synced before its superblock is, so that
an interrupted restore leaves no metadata that could be taken for whole; then it is read
and checked.

FILE must be empty, or begin with 4 KiB of zeros: a device that is in use is never written,
and metadata, or whatever else there is, only with --force. --size makes a new file.

Devices must come by id, and mappings by virtual block. What each device maps is counted;
mapped_blocks is not looked at.`,
		Example: `  rok thin restore -i pool.xml -o new.img --size 4M
  rok thin restore -i pool.xml -o meta.img --force --transaction-id 7`,
		Args: cli.Args(0, 0),
	}
	out := thinOutputFlags(c)
	input := c.Flags().StringP("input", "i", "", "the `XML`; - is standard input")
	quiet := cli.QuietFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		if *input == "" {
			return cli.Usagef("-i is missing: the XML to read")
		}
		progress := cli.NewProgress(c.ErrOrStderr(), *quiet)
		defer progress.End()
		text, file, err := openXML(e, *input, progress)
		if err != nil {
			return err
		}
		if file != nil {
			defer file.Close() // nothing was written
		}
		written, err := out.write(c.Context(), file, func(f *metadataFile) (metadata.Written, error) {
			w, err := metadata.Restore(c.Context(), text, f, f.size, out.overrides())
			if _, text := errors.AsType[*metadata.XMLError](err); text {
				err = fmt.Errorf("%s: %w", *input, err)
			}
			return w, err
		})
		progress.End()
		if err != nil {
			return err
		}
		if out.json {
			return cli.JSON(c.OutOrStdout(), out.view(written))
		}
		_, err = out.table(written).WriteTo(c.OutOrStdout())
		return err
	}
	return c
}

// openXML opens the text to read, which file is, unless it is standard input.
func openXML(e *env, path string, progress *cli.Progress) (text io.Reader, file *os.File, err error) {
	if path == "-" {
		return &progressReader{r: e.stdin, progress: progress, step: cli.Step{Label: "restore"}}, nil, nil
	}
	file, err = os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	step := cli.Step{Label: "restore", Total: units.Bytes(info.Size())}
	return &progressReader{r: file, progress: progress, step: step}, file, nil
}

// progressReader shows how much of a reader was read.
type progressReader struct {
	r        io.Reader
	progress *cli.Progress
	step     cli.Step
}

func (p *progressReader) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	p.step.Done += units.Bytes(n)
	p.progress.Set(p.step)
	return n, err
}
