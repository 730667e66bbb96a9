package interop_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// request is an lvm2 command line, read, for rok to do the same.
type request struct {
	command string
	options map[string][]string
	names   []string
}

// bare reports whether an option of a command has no value.
func bare(command, option string) bool {
	switch option {
	case "-y", "-K":
		return true
	case "-s", "-T":
		return command == "lvcreate"
	}
	return false
}

func parseRequest(args []string) *request {
	r := &request{command: args[0], options: map[string][]string{}}
	for i := 1; i < len(args); i++ {
		a := args[i]
		switch {
		case !strings.HasPrefix(a, "-"):
			r.names = append(r.names, a)
		case bare(args[0], a) || i+1 == len(args):
			r.options[a] = append(r.options[a], "")
		default:
			r.options[a] = append(r.options[a], args[i+1])
			i++
		}
	}
	return r
}

func (r *request) has(option string) bool { return len(r.options[option]) > 0 }

func (r *request) value(option string) string {
	if v := r.options[option]; len(v) > 0 {
		return v[0]
	}
	return ""
}

func (r *request) number(option string) int {
	n, _ := strconv.Atoi(r.value(option)) // 0 where it is not given
	return n
}

// yes is an option's y or n; nil where it is not given.
func (r *request) yes(option string) *bool {
	if !r.has(option) {
		return nil
	}
	v := r.value(option) == "y"
	return &v
}

// policy is --alloc's; rok has no word for lvm2's inherit.
func (r *request) policy() lvm.Allocation {
	return lvm.Allocation(strings.TrimPrefix(r.value("--alloc"), "inherit"))
}

// errUsage is of what lvm2 refuses as a wrong command line.
var errUsage = errors.New("usage")

func (r *request) size(text string) (units.Bytes, error) {
	if text == "" {
		return 0, nil
	}
	if strings.Trim(text, "0123456789") == "" {
		text += "m"
	}
	return units.ParseBytes(text)
}

// amount reads -l or -L, and its sign.
func (r *request) amount() (a lvm.Amount, sign string, err error) {
	text := r.value("-l")
	if r.has("-L") {
		text = r.value("-L")
	}
	if strings.HasPrefix(text, "+") || strings.HasPrefix(text, "-") {
		sign, text = text[:1], text[1:]
	}
	if r.has("-L") {
		b, err := r.size(text)
		return lvm.Amount{Size: units.Size{Bytes: b}}, sign, err
	}
	number, of, share := strings.Cut(text, "%")
	n, err := strconv.ParseUint(number, 10, 32)
	if share {
		return lvm.Amount{Size: units.Size{Percent: uint32(n), Of: of}}, sign, err
	}
	return lvm.Amount{Extents: lvm.Extents(n)}, sign, err
}

// run has rok do what the request says.
func (r *request) run(s *stand) error {
	ctx := context.Background()
	for i, name := range r.names {
		r.names[i] = s.expand(name)
	}
	switch r.command {
	case "pvcreate":
		o, err := r.newPV()
		if err != nil {
			return err
		}
		_, err = s.system.CreatePVs(ctx, r.names, o)
		return err
	case "pvremove":
		_, err := s.system.RemovePVs(ctx, r.names, false)
		return err
	case "pvchange", "pvresize":
		return r.changePV(ctx, s)
	case "vgcreate":
		return r.createVG(ctx, s)
	case "vgextend":
		o, err := r.newPV()
		if err != nil {
			return err
		}
		_, err = s.system.ExtendVG(ctx, r.names[0], r.names[1:], o)
		return err
	case "vgreduce":
		_, err := s.system.ReduceVG(ctx, r.names[0], r.names[1:])
		return err
	case "vgrename":
		_, err := s.system.RenameVG(ctx, r.names[0], r.names[1])
		return err
	case "vgremove":
		_, err := s.system.RemoveVG(ctx, r.names[0], r.has("-y"), lvm.ChangeOptions{Deactivate: true})
		return err
	case "vgchange":
		if r.has("-a") {
			return r.activate(ctx, s, r.names[0], nil)
		}
		return r.changeVG(ctx, s)
	case "vgcfgbackup":
		text, _, err := s.system.Backup(ctx, r.names[0])
		if err != nil {
			return err
		}
		return os.WriteFile(s.expand(r.value("-f")), text, 0o600)
	case "vgcfgrestore":
		old, err := lvm.ReadBackupFile(s.expand(r.value("-f")))
		if err != nil {
			return err
		}
		if old.Name != r.names[0] {
			return fmt.Errorf("backup of %s: %w", old.Name, errUsage)
		}
		_, err = s.system.Restore(ctx, old)
		return err
	}
	return r.changeLVs(ctx, s)
}

func (r *request) newPV() (o lvm.NewPVOptions, err error) {
	for option, to := range map[string]*units.Bytes{
		"--metadatasize": &o.Layout.MetadataSize, "--dataalignment": &o.Layout.Alignment,
		"--dataalignmentoffset": &o.Layout.AlignmentOffset, "--bootloaderareasize": &o.Layout.BootSize,
	} {
		size, err := r.size(r.value(option))
		if err != nil {
			return o, err
		}
		*to = size
	}
	switch r.value("--pvmetadatacopies") {
	case "0":
		o.Layout.NoMetadata = true
	case "2":
		o.Layout.SecondArea = true
	}
	o.IgnoreAreas = r.value("--metadataignore") == "y"
	return o, nil
}

func (r *request) createVG(ctx context.Context, s *stand) error {
	c := lvm.CreateVG{
		Name: r.names[0], MaxLV: uint32(r.number("-l")), MaxPV: uint32(r.number("-p")),
		Allocation: r.policy(), Tags: r.options["--addtag"], NoAutoActivate: r.value("--setautoactivation") == "n",
	}
	extent, err := r.size(r.value("-s"))
	if err != nil {
		return err
	}
	if c.ExtentSize, err = extent.Sectors(); err != nil {
		return err
	}
	o, err := r.newPV()
	if err != nil {
		return err
	}
	_, err = s.system.CreateVG(ctx, c, r.names[1:], o)
	return err
}

// changeVG does what the options say in one operation each, as lvm2 has them
// alone, too.
func (r *request) changeVG(ctx context.Context, s *stand) error {
	var op lvm.Op
	c := lvm.ChangeVG{Resizeable: r.yes("-x"), AutoActivate: r.yes("--setautoactivation")}
	count := func(option string) *uint32 {
		if !r.has(option) {
			return nil
		}
		n := uint32(r.number(option))
		return &n
	}
	c.MaxLV, c.MaxPV, c.MetadataCopies = count("-l"), count("-p"), count("--vgmetadatacopies")
	if r.has("--alloc") {
		p := r.policy()
		c.Allocation = &p
	}
	op = c
	if r.tags() {
		op = lvm.TagVG{Add: r.options["--addtag"], Remove: r.options["--deltag"]}
	}
	_, err := s.system.Change(ctx, r.names[0], lvm.ChangeOptions{}, op)
	return err
}

func (r *request) tags() bool { return r.has("--addtag") || r.has("--deltag") }

// changePV does what a command for a PV says.
func (r *request) changePV(ctx context.Context, s *stand) error {
	if r.command == "pvresize" {
		size, err := r.size(r.value("--setphysicalvolumesize"))
		if err != nil {
			return err
		}
		return s.system.ResizePV(ctx, r.names[0], size)
	}
	_, err := s.system.ChangePVs(ctx, r.names, func(_ *lvm.DiskVG, id lvm.ID) (lvm.Op, error) {
		if r.tags() {
			return lvm.TagPV{PV: id, Add: r.options["--addtag"], Remove: r.options["--deltag"]}, nil
		}
		return lvm.ChangePV{PV: id, Allocatable: *r.yes("-x")}, nil
	})
	return err
}
