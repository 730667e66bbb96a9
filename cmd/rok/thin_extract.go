package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/thin/metadata"
	"github.com/rok-storage/rok/units"
)

// extractFlags are those of "rok thin extract".
type extractFlags struct {
	metadata, data string
	since          string
	output, list   string
	size           *bytesFlag
	apply, force   bool
	salvage        bool
	json           bool
	quiet          *bool
}

func thinExtract(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "extract DEVID",
		Short: "Read a thin volume from its pool's devices, without the kernel",
		Long: `Write what the thin volume with the id DEVID holds into a file, onto a device, or to
standard output (-o -), read from the pool's metadata and data devices or copies of them.
The pool must not be active.

A new file has holes where nothing is mapped; a stream and a device get zeros there. The
size of the volume is not in the metadata: without --size, a file and a stream end behind
the last block that is mapped, and a device is filled with zeros to its end.

--since gives another device, such as an older snapshot: only the blocks that the volume
maps elsewhere since are written, at their places. With --apply, FILE or the device
holds what that snapshot held, and becomes what the volume is; blocks that are no longer
mapped become zeros. --list writes the ranges into a file, a line each: data, zero or
missing, offset and length in bytes.

Damage of other volumes does not matter. Where the volume itself is damaged it ends with the
range at fault; with --salvage it goes on, leaves zeros, tells what is missing and exits 7.

A volume with an external origin reads from it what it does not map: that is left out.`,
		Example: `  rok thin extract 0 --metadata meta.img --data data.img -o volume.img
  rok thin extract 2 --since 0 --metadata meta.img --data data.img -o changes.img --list changes.txt`,
		Args: cli.Args(1, 1),
	}
	f := new(extractFlags)
	flags := c.Flags()
	flags.StringVar(&f.metadata, "metadata", "", "the pool's metadata, a `FILE` or device")
	flags.StringVar(&f.data, "data", "", "the pool's data, a `FILE` or device")
	flags.StringVar(&f.since, "since", "", "only what changed since the device `DEVID`")
	flags.StringVarP(&f.output, "output", "o", "", "the `FILE` or device to write; - is standard output")
	flags.StringVar(&f.list, "list", "", "write the ranges into this `FILE`")
	f.size = sizeFlag(flags, "size", "", "of the volume")
	flags.BoolVar(&f.apply, "apply", false, "with --since: what is written into holds that device's content")
	flags.BoolVarP(&f.force, "force", "f", false, "overwrite what is in FILE or on the device")
	flags.BoolVar(&f.salvage, "salvage", false, "go on behind what cannot be read")
	flags.BoolVar(&f.json, "json", false, "print the result as JSON")
	f.quiet = cli.QuietFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error { return f.run(c, e, args[0]) }
	return c
}

func (f *extractFlags) check() error {
	switch {
	case f.metadata == "" || f.data == "":
		return cli.Usagef("--metadata and --data are needed: the pool's devices")
	case f.output == "":
		return cli.Usagef("-o is missing: where to write")
	case f.apply && f.since == "":
		return cli.Usagef("--apply needs --since")
	case f.apply && f.output == "-":
		return cli.Usagef("--apply writes into a file or a device")
	case f.json && f.output == "-":
		return cli.Usagef("-o - prints the volume itself")
	}
	return nil
}

func (f *extractFlags) run(c *cobra.Command, e *env, arg string) error {
	if err := f.check(); err != nil {
		return err
	}
	meta, err := openMetadataFile(f.metadata, os.O_RDONLY, false)
	if err != nil {
		return err
	}
	defer meta.Close() // nothing was written
	data, err := openMetadataFile(f.data, os.O_RDONLY, false)
	if err != nil {
		return err
	}
	defer data.Close()
	v, err := f.volume(meta, arg)
	if errors.Is(err, metadata.ErrCorrupt) {
		err = &cli.Error{Err: err, Next: "rok thin repair writes what can be read to another place, from where it can be extracted"}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", f.metadata, err)
	}
	out, err := f.open(c, v, meta.File, data.File)
	if err != nil {
		return err
	}
	progress := cli.NewProgress(c.ErrOrStderr(), *f.quiet)
	defer progress.End()
	x := &extractOutput{target: out, damage: damageList{path: f.metadata}, salvage: f.salvage, keep: f.apply, progress: progress, step: cli.Step{Label: "extract"}}
	if v.options.Since == nil {
		x.step.Total = units.Bytes(v.device.Detail.MappedBlocks) * v.block
	}
	err = f.extract(c.Context(), x, v, data)
	progress.End()
	if err != nil {
		return err
	}
	return errors.Join(f.print(c, x, v), x.damage.err())
}

// thinVolume is what is to be extracted.
type thinVolume struct {
	meta    *metadata.Metadata
	device  metadata.ThinDevice
	options metadata.ExtractOptions
	block   units.Bytes // size of a data block
	size    units.Bytes // once it was extracted
}

func (f *extractFlags) volume(meta *metadataFile, arg string) (*thinVolume, error) {
	m, err := metadata.Open(meta, meta.size)
	if err != nil {
		return nil, err
	}
	v := &thinVolume{meta: m}
	v.options.Size = f.size.bytes
	if v.device, err = thinDevice(m.Trees(), arg); err != nil {
		return nil, err
	}
	if f.since != "" {
		since, err := thinDevice(m.Trees(), f.since)
		if err != nil {
			return nil, err
		}
		v.options.Since = &since
	}
	v.block, err = m.Superblock().DataBlockSize.Bytes()
	return v, err
}

// thinDevice finds a device whose mappings can be read, if not its details.
func thinDevice(t *metadata.Trees, arg string) (metadata.ThinDevice, error) {
	id, err := parseDeviceID(arg)
	if err != nil {
		return metadata.ThinDevice{}, cli.Usagef("%v", err)
	}
	d, err := t.Device(id)
	if d.Root != 0 {
		err = nil
	}
	return d, err
}

func (f *extractFlags) open(c *cobra.Command, v *thinVolume, inputs ...*os.File) (extractTarget, error) {
	if f.output == "-" {
		return &extractStream{w: c.OutOrStdout()}, nil
	}
	return f.openFile(v, inputs)
}

// extract writes the volume, and the list of its ranges.
func (f *extractFlags) extract(ctx context.Context, x *extractOutput, v *thinVolume, data io.ReaderAt) (err error) {
	defer func() { err = errors.Join(err, x.target.close(err)) }()
	if f.list != "" {
		list, err := os.Create(f.list)
		if err != nil {
			return err
		}
		x.list = newRangeList(list)
		defer func() { err = errors.Join(err, x.list.close()) }()
	}
	v.size, err = v.meta.Trees().Extract(ctx, data, v.device, x, v.options)
	if missing, ok := errors.AsType[*metadata.MissingError](err); ok {
		return &cli.Error{Err: missing, Next: "--salvage goes on behind it", Code: cli.Corrupt}
	}
	if err != nil {
		return fmt.Errorf("extract device %d: %w", v.device.ID, err)
	}
	return x.target.end(v.size, v.options.Since == nil)
}

// extractView is what "rok thin extract --json" prints.
type extractView struct {
	File         string               `json:"file"`
	DeviceID     uint64               `json:"device_id"`
	Since        *uint64              `json:"since_device_id"`
	SizeBytes    uint64               `json:"size_bytes"`
	DataBytes    uint64               `json:"data_bytes"`
	ZeroBytes    uint64               `json:"zero_bytes"`
	MissingCount uint64               `json:"missing_count"`
	Missing      []extractMissingView `json:"missing"`
}

// extractMissingView is a range of the volume that could not be read.
type extractMissingView struct {
	Blocks  *thinRangeView `json:"blocks"`
	Message string         `json:"message"`
}

func (f *extractFlags) view(x *extractOutput, v *thinVolume) extractView {
	view := extractView{
		File: f.output, DeviceID: v.device.ID, SizeBytes: uint64(v.size), DataBytes: uint64(x.data), ZeroBytes: uint64(x.zero),
		MissingCount: x.damage.count, Missing: []extractMissingView{},
	}
	if since := v.options.Since; since != nil {
		view.Since = &since.ID
	}
	for _, m := range x.missing {
		view.Missing = append(view.Missing, extractMissingView{viewThinRange(m.Blocks), m.Error()})
	}
	return view
}

func (f *extractFlags) print(c *cobra.Command, x *extractOutput, v *thinVolume) error {
	if f.json {
		return cli.JSON(c.OutOrStdout(), f.view(x, v))
	}
	t := new(cli.Table)
	t.Add("size", v.size.Human())
	t.Add("data", x.data.Human())
	t.Add("zeros", x.zero.Human())
	t.Add("missing", plural(x.damage.count, "range"))
	w := c.OutOrStdout()
	if f.output == "-" {
		w = c.ErrOrStderr()
	}
	_, err := t.WriteTo(w)
	return err
}
