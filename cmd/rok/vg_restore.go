package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// backupView is a VG of "rok vg backup -o json".
type backupView struct {
	VG    string `json:"vg_name"`
	UUID  string `json:"vg_uuid"`
	Seqno uint32 `json:"vg_seqno"`
	File  string `json:"file"`
}

func vgBackup(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "backup VG...",
		Short: "Write the metadata of volume groups to files",
		Long: `Write the metadata of volume groups to files that rok vg restore and vgcfgrestore
read: where lvm2 keeps its backups, or --file, in which %s stands for the group's name.`,
		Example: "  rok vg backup data\n  rok vg backup --file - data",
		Args:    cli.Args(1, -1),
	}
	s, format := storageFlags(c, e), cli.OutputFlag(c)
	file := c.Flags().StringP("file", "f", "", "the `FILE`; - is standard output")
	c.ValidArgsFunction = completeVGs(s)
	c.RunE = s.with(func(c *cobra.Command, sys *lvm.System, args []string) error {
		if *file == "-" && format.JSON() {
			return cli.Usagef("--file - prints the backup itself")
		}
		var views []backupView
		err := cli.Each(args, func(arg string) error {
			name, err := parseVG(arg)
			if err != nil {
				return err
			}
			text, vg, err := sys.Backup(c.Context(), name)
			if err != nil {
				return explain(err)
			}
			if *file == "-" {
				_, err := c.OutOrStdout().Write(text)
				return err
			}
			path, err := writeBackup(sys, *file, vg, text)
			if err == nil {
				views = append(views, backupView{vg.Name, vg.ID.String(), vg.Seqno, path})
			}
			return err
		})
		if *file == "-" {
			return err
		}
		return printDone(c, format, views, backupTable, err)
	})
	return c
}

func backupTable(views []backupView) *cli.Table {
	t := &cli.Table{Columns: []string{"VG", ">SEQNO", "FILE"}}
	for _, v := range views {
		t.Add(v.VG, strconv.FormatUint(uint64(v.Seqno), 10), v.File)
	}
	return t
}

// copyView is a text of "rok vg restore --list -o json".
type copyView struct {
	VG          string      `json:"vg_name"`
	UUID        string      `json:"vg_uuid"`
	Seqno       uint32      `json:"vg_seqno"`
	Where       string      `json:"where"`
	Offset      units.Bytes `json:"offset_bytes"`
	Committed   bool        `json:"committed"`
	Time        string      `json:"time"`
	Description string      `json:"description"`
	Fault       string      `json:"fault"`
}

func vgRestore(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "restore VG",
		Short: "Make the metadata of a volume group what it was",
		Long: `Make the metadata of a volume group what it was: by its newest backup, --file, or an
older copy, of which --list shows those that are still in its metadata areas and in
lvm2's archive, and --seqno chooses one. All its physical volumes must be there; see rok pv
restore. No volume of it may be active. What was written to extents meanwhile stays.`,
		Example: "  rok vg restore --list data\n  rok vg restore --seqno 3 data",
		Args:    cli.Args(1, 1),
	}
	s, format := storageFlags(c, e), cli.OutputFlag(c)
	file := c.Flags().StringP("file", "f", "", "a backup `FILE`; - is standard input")
	seqno := c.Flags().Uint32("seqno", 0, "the copy with this `NUMBER`")
	list := c.Flags().BoolP("list", "l", false, "list the copies there are")
	c.ValidArgsFunction = completeVGs(s)
	c.RunE = s.with(func(c *cobra.Command, sys *lvm.System, args []string) error {
		name, err := parseVG(args[0])
		if err != nil {
			return err
		}
		if *list && (*file != "" || *seqno != 0) || *file != "" && *seqno != 0 {
			return cli.Usagef("--list, --file and --seqno exclude each other")
		}
		if *list {
			return listCopies(c, format, sys, name)
		}
		old, err := chooseCopy(c, sys, name, *file, *seqno)
		if err != nil {
			return err
		}
		change, err := sys.Restore(c.Context(), old)
		if _, active := errors.AsType[*lvm.ActiveError](err); active {
			err = &cli.Error{Err: err, Next: "rok vg deactivate makes them inactive"}
		}
		return afterVG(c, format, sys, old.Name, change, err)
	})
	return c
}

func listCopies(c *cobra.Command, format *cli.Format, sys *lvm.System, name string) error {
	copies, err := sys.Copies(c.Context(), name)
	if len(copies) == 0 && err == nil {
		err = fmt.Errorf("copies of VG %s: %w", name, fs.ErrNotExist)
	}
	var views []copyView
	for _, o := range copies {
		v := copyView{
			VG: o.Name, UUID: o.ID.String(), Seqno: o.Seqno, Where: o.Where, Offset: o.Offset,
			Committed: o.Committed, Description: o.Origin.Description,
		}
		if o.Origin.Time != 0 {
			v.Time = time.Unix(o.Origin.Time, 0).UTC().Format(time.RFC3339)
		}
		if o.Err != nil {
			v.Fault = o.Err.Error()
		}
		views = append(views, v)
	}
	return printDone(c, format, views, copyTable, err)
}

func copyTable(views []copyView) *cli.Table {
	t := &cli.Table{Columns: []string{">SEQNO", "WHERE", "STATE", "TIME", "DESCRIPTION"}}
	for _, v := range views {
		state := "old"
		switch {
		case v.Fault != "":
			state = "damaged"
		case v.Committed:
			state = "committed"
		}
		where := v.Where
		if v.Offset != 0 {
			where += fmt.Sprintf(":%d", uint64(v.Offset))
		}
		t.Add(strconv.FormatUint(uint64(v.Seqno), 10), where, state, v.Time, v.Description)
	}
	return t
}

// chooseCopy reads the text that is to be restored.
func chooseCopy(c *cobra.Command, sys *lvm.System, name, file string, seqno uint32) (*lvm.VG, error) {
	switch {
	case file != "":
		vg, err := readBackup(c, file)
		if err == nil && vg.Name != name && vg.ID.String() != name {
			err = cli.Usagef("%s is a backup of VG %s", file, vg.Name)
		}
		return vg, err
	case seqno == 0:
		vg, err := sys.LatestBackup(name)
		if errors.Is(err, fs.ErrNotExist) {
			err = &cli.Error{Err: fmt.Errorf("backup of VG %s: %w", name, fs.ErrNotExist), Next: "rok vg restore --list shows other copies"}
		}
		return vg, err
	}
	copies, err := sys.Copies(c.Context(), name)
	if err != nil {
		return nil, err
	}
	var faults []error
	for _, o := range copies {
		if o.Seqno == seqno && o.VG != nil {
			return o.VG, nil
		}
		if o.Seqno == seqno {
			faults = append(faults, o.Err)
		}
	}
	if faults != nil {
		return nil, errors.Join(faults...)
	}
	return nil, &cli.Error{Err: fmt.Errorf("copy %d of VG %s: %w", seqno, name, fs.ErrNotExist), Next: "rok vg restore --list shows what there is"}
}

func readBackup(c *cobra.Command, file string) (*lvm.VG, error) {
	if file != "-" {
		return lvm.ReadBackupFile(file)
	}
	text, err := io.ReadAll(c.InOrStdin())
	if err != nil {
		return nil, err
	}
	vg, err := lvm.ParseBackup(string(text))
	if err != nil {
		return nil, fmt.Errorf("standard input: %w", err)
	}
	return vg, nil
}

// writeBackup writes a backup to a file that is named, or to where lvm2 has them.
func writeBackup(sys *lvm.System, file string, vg *lvm.VG, text []byte) (string, error) {
	if file == "" {
		return sys.KeepBackup(vg, text)
	}
	path := expandName(file, vg.Name)
	return path, os.WriteFile(path, text, 0o600)
}

// expandName replaces %s by the name, and %% by %.
func expandName(file, name string) string {
	var b []byte
	for i := 0; i < len(file); i++ {
		if file[i] == '%' && i+1 < len(file) && (file[i+1] == 's' || file[i+1] == '%') {
			i++
			if file[i] == 's' {
				b = append(b, name...)
				continue
			}
		}
		b = append(b, file[i])
	}
	return string(b)
}
