package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/units"
)

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

// differenceView is a range in "composer-tool diff -o json".
type differenceView struct {
	rangeView
	Kind string `json:"kind"`
}

func mapsDiff(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "diff A B",
		Short: "Show where two maps differ",
		Long: `Show the ranges in which the volume of map B differs from that of A, a line each: data or zero, offset and
length in bytes, in whole blocks. "register --changed" reads these lines. Of two trees, only what differs is read.`,
		Example: "  rok-composer-tool diff vm/web-1 vm/web-2",
		Args:    cli.Args(2, 2),
	}
	address, format := storeFlag(c.Flags()), cli.OutputFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		return withStore(c.Context(), e, *address, false, func(st *store.Store, _ composerSettings) error {
			a, infoA, err := st.OpenMap(c.Context(), args[0])
			if err != nil {
				return err
			}
			b, infoB, err := st.OpenMap(c.Context(), args[1])
			if err != nil {
				return err
			}
			ranges, data, zero := []differenceView{}, units.Bytes(0), units.Bytes(0)
			w := c.OutOrStdout()
			for d, err := range composer.Diff(c.Context(), st.Reading(infoA), a, st.Reading(infoB), b) {
				if err != nil {
					return err
				}
				kind := "zero"
				if d.Data {
					kind = "data"
					data += d.Length
				} else {
					zero += d.Length
				}
				if format.JSON() {
					ranges = append(ranges, differenceView{viewRange(d.Range), kind})
				} else if _, err := fmt.Fprintf(w, "%s %d %d\n", kind, uint64(d.Start), uint64(d.Length)); err != nil {
					return err
				}
			}
			if format.JSON() {
				return cli.JSON(w, map[string]any{
					"a": viewMap(args[0], a.Header), "b": viewMap(args[1], b.Header), "ranges": ranges,
					"data_bytes": uint64(data), "zero_bytes": uint64(zero),
				})
			}
			_, err = fmt.Fprintf(c.ErrOrStderr(), "%s of data and %s of zeros differ; sizes %s and %s\n", data.Human(), zero.Human(), a.Size, b.Size)
			return err
		})
	}
	return c
}

func mapsRm(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:     "rm NAME...",
		Short:   "Remove maps",
		Long:    "Remove maps. The space of what no other map needs is freed by the next rok-cluster-gc.",
		Example: "  rok-composer-tool rm vm/web-1",
		Args:    cli.Args(1, -1),
	}
	address, format := storeFlag(c.Flags()), cli.OutputFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		return withStore(c.Context(), e, *address, false, func(st *store.Store, _ composerSettings) error {
			removed := []string{}
			err := cli.Each(args, func(name string) error {
				err := st.Remove(c.Context(), name, "")
				if err == nil {
					removed = append(removed, name)
				}
				return err
			})
			return errors.Join(err, printRemoved(c, format, removed))
		})
	}
	return c
}

func printRemoved(c *cobra.Command, format *cli.Format, removed []string) error {
	if format.JSON() {
		return cli.JSON(c.OutOrStdout(), map[string]any{"removed": removed})
	}
	for _, name := range removed {
		if _, err := fmt.Fprintf(c.OutOrStdout(), "removed %s\n", cli.Printable(name)); err != nil {
			return err
		}
	}
	return nil
}

func mapsLabel(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:     "label NAME KEY=VALUE|KEY-...",
		Short:   "Give a map labels, or take them away",
		Long:    "Give a map labels; KEY- takes one away. The map's root, and what it is of, stay the same.",
		Example: "  rok-composer-tool label vm/web-1 app=web tier=1\n  rok-composer-tool label vm/web-1 tier-",
		Args:    cli.Args(2, -1),
	}
	address, format := storeFlag(c.Flags()), cli.OutputFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		var labels []composer.Label
		for _, text := range args[1:] {
			if key, ok := strings.CutSuffix(text, "-"); ok && !strings.Contains(text, "=") {
				labels = append(labels, composer.Label{Key: key})
				continue
			}
			l, err := labelOf(text)
			if err != nil {
				return err
			}
			labels = append(labels, l)
		}
		return withStore(c.Context(), e, *address, false, func(st *store.Store, _ composerSettings) error {
			now, err := composer.SetLabels(c.Context(), st, args[0], labels)
			if err != nil {
				return err
			}
			view := map[string]string{}
			for _, l := range now {
				view[l.Key] = l.Value
			}
			if format.JSON() {
				return cli.JSON(c.OutOrStdout(), map[string]any{"name": args[0], "labels": view})
			}
			for _, l := range now {
				if _, err := fmt.Fprintf(c.OutOrStdout(), "%s=%s\n", l.Key, cli.Printable(l.Value)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return c
}
