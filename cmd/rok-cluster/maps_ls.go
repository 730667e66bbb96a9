package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/units"
)

// listedView is a map in "composer-tool ls -o json".
type listedView struct {
	mapView
	Created       *time.Time        `json:"created"`
	MapBytes      int64             `json:"map_bytes"`
	DataBytes     uint64            `json:"data_bytes"`
	Backup        bool              `json:"backup"`
	Labels        map[string]string `json:"labels"`
	OtherMetadata map[string]string `json:"attributes"`
}

func viewListed(l composer.Listed) listedView {
	v := listedView{
		mapView: viewMap(l.Name, l.Map.Header), MapBytes: l.Size, DataBytes: uint64(composer.DataSize(l.Map.Header)),
		Backup: composer.IsBackup(l.Name), Labels: map[string]string{}, OtherMetadata: map[string]string{},
	}
	if t := composer.Created(l.Map); !t.IsZero() {
		v.Created = &t
	}
	for _, label := range composer.Labels(l.Map) {
		v.Labels[label.Key] = label.Value
	}
	for _, a := range l.Map.Attributes {
		if !strings.HasPrefix(a.Key, "label/") {
			v.OtherMetadata[a.Key] = a.Value
		}
	}
	return v
}

func mapsLs(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:     "ls [PREFIX]",
		Short:   "List maps",
		Long:    "List the maps of a store, or those whose names begin with PREFIX. DATA is what is not zeros, in whole blocks.",
		Example: "  rok-composer-tool ls\n  rok-composer-tool ls vm/ -o json",
		Args:    cli.Args(0, 1),
	}
	address, format := storeFlag(c.Flags()), cli.OutputFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		prefix := strings.Join(args, "")
		return withStore(c.Context(), e, *address, false, func(st *store.Store, _ composerSettings) error {
			var failed []error
			views := []listedView{}
			t := &cli.Table{Columns: []string{"MAP", "FORMAT", ">SIZE", ">BLOCK", ">DATA", "CREATED", "LABELS"}}
			for l, err := range composer.List(c.Context(), st, prefix) {
				switch {
				case err != nil:
					return err
				case l.Err != nil:
					failed = append(failed, l.Err)
					t.Add(l.Name, "?", "?", "?", "?", "", "")
					continue
				}
				v := viewListed(l)
				views = append(views, v)
				t.Add(l.Name, formatOf(v.Version, v.Degree), l.Map.Size.Human(), l.Map.BlockSize.String(), units.Bytes(v.DataBytes).Human(), timeOf(v.Created), labelsOf(l))
			}
			if format.JSON() {
				return errors.Join(append(failed, cli.JSON(c.OutOrStdout(), map[string]any{"maps": views}))...)
			}
			_, err := t.WriteTo(c.OutOrStdout())
			return errors.Join(append(failed, err)...)
		})
	}
	return c
}

// formatOf names a version and a degree.
func formatOf(version, degree int) string {
	switch {
	case version != 4:
		return fmt.Sprintf("v%d", version)
	case degree == 0:
		return "v4 flat"
	}
	return fmt.Sprintf("v4 tree %d", degree)
}

func timeOf(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05Z")
}

func labelsOf(l composer.Listed) string {
	var all []string
	for _, label := range composer.Labels(l.Map) {
		all = append(all, label.Key+"="+label.Value)
	}
	return strings.Join(all, ",")
}

func mapsShow(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:     "show NAME",
		Short:   "Show a map",
		Long:    "Show a map's format, size and attributes. --blocks lists the ids of its blocks that are not zeros; that\nreads all of the map.",
		Example: "  rok-composer-tool show vm/web-1\n  rok-composer-tool show vm/web-1 --blocks",
		Args:    cli.Args(1, 1),
	}
	address, format := storeFlag(c.Flags()), cli.OutputFlag(c)
	blocks := c.Flags().Bool("blocks", false, "list the blocks")
	c.RunE = func(c *cobra.Command, args []string) error {
		return withStore(c.Context(), e, *address, false, func(st *store.Store, _ composerSettings) error {
			m, info, err := st.OpenMap(c.Context(), args[0])
			if err != nil {
				return err
			}
			w, l := c.OutOrStdout(), composer.Listed{MapInfo: info, Map: m}
			v := showView{listedView: viewListed(l), Height: m.Height(), Modified: info.Modified.UTC(), Blocks: []blockView{}}
			if !format.JSON() {
				if err := printShown(w, v); err != nil || !*blocks {
					return err
				}
			}
			if *blocks {
				for entry, err := range m.Entries(c.Context(), st.Reading(info)) {
					if err != nil {
						return err
					}
					b := blockView{entry.Index, entry.Index * uint64(m.BlockSize), entry.ID.String()}
					if format.JSON() {
						v.Blocks = append(v.Blocks, b)
					} else if _, err := fmt.Fprintf(w, "%d %d %s\n", b.Index, b.OffsetBytes, b.ID); err != nil {
						return err
					}
				}
			}
			if format.JSON() {
				return cli.JSON(w, v)
			}
			return nil
		})
	}
	return c
}

// showView is what "composer-tool show -o json" prints.
type showView struct {
	listedView
	Height   int         `json:"height"`
	Modified time.Time   `json:"modified"`
	Blocks   []blockView `json:"blocks"`
}

type blockView struct {
	Index       uint64 `json:"index"`
	OffsetBytes uint64 `json:"offset_bytes"`
	ID          string `json:"id"`
}

func printShown(w io.Writer, v showView) error {
	t := new(cli.Table)
	t.Add("name", v.Name)
	t.Add("format", formatOf(v.Version, v.Degree))
	if v.Height > 0 {
		t.Add("height", fmt.Sprint(v.Height))
	}
	t.Add("hash", v.Hash)
	t.Add("size", fmt.Sprintf("%s (%d bytes)", units.Bytes(v.SizeBytes).Human(), v.SizeBytes))
	t.Add("blocks", fmt.Sprintf("%d of %s, %d not zeros", v.BlockCount, units.Bytes(v.BlockSizeBytes), v.DataCount))
	t.Add("root", v.Root)
	for _, key := range sortedKeys(v.OtherMetadata) {
		t.Add(key, v.OtherMetadata[key])
	}
	for _, key := range sortedKeys(v.Labels) {
		t.Add("label "+key, v.Labels[key])
	}
	_, err := t.WriteTo(w)
	return err
}
