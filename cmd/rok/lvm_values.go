package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// yesNo is a flag whose argument is y or n, as lvm2 has them. Nil: not given.
type yesNo struct{ value *bool }

func (f *yesNo) String() string {
	switch {
	case f.value == nil:
		return ""
	case *f.value:
		return "y"
	}
	return "n"
}

func (f *yesNo) Set(s string) error {
	var yes bool
	switch strings.ToLower(s) {
	case "y", "yes", "true", "1":
		yes = true
	case "n", "no", "false", "0":
	default:
		return errors.New("want y or n")
	}
	f.value = &yes
	return nil
}

func (f *yesNo) Type() string { return "y|n" }

// or returns what was given, or what is meant where nothing was.
func (f *yesNo) or(otherwise bool) bool {
	if f.value == nil {
		return otherwise
	}
	return *f.value
}

func yesNoFlag(flags *pflag.FlagSet, name, short, usage string) *yesNo {
	f := new(yesNo)
	flags.VarP(f, name, short, usage)
	return f
}

// bytesFlag is a size that must have a unit: 100 is 100 MiB to lvm2, and 100
// bytes elsewhere.
type bytesFlag struct{ bytes units.Bytes }

func (f *bytesFlag) String() string {
	if f.bytes == 0 {
		return ""
	}
	return f.bytes.String()
}

func (f *bytesFlag) Set(s string) (err error) {
	f.bytes, err = parseBytes(s)
	return err
}

func (f *bytesFlag) Type() string { return "SIZE" }

func sizeFlag(flags *pflag.FlagSet, name, short, usage string) *bytesFlag {
	f := new(bytesFlag)
	flags.VarP(f, name, short, usage)
	return f
}

func parseBytes(s string) (units.Bytes, error) {
	if err := wantUnit(s); err != nil {
		return 0, err
	}
	return units.ParseBytes(s)
}

func wantUnit(s string) error {
	if n := len(s); n > 0 && '0' <= s[n-1] && s[n-1] <= '9' && s != "0" {
		return fmt.Errorf("a number without a unit: %sM is %s MiB, %ss sectors, %sB bytes", s, s, s, s)
	}
	return nil
}

// amountFlag is a size or a number of extents, perhaps with a sign.
type amountFlag struct {
	text    string
	sign    byte // '+', '-' or 0
	amount  lvm.Amount
	extents bool // a plain number counts extents
}

func (f *amountFlag) String() string { return f.text }

func (f *amountFlag) Type() string { return "SIZE" }

// Set reads "10G", "25%FREE", "100" extents where extents are counted, and any
// of them behind a sign.
func (f *amountFlag) Set(s string) error {
	f.text, f.sign, f.amount = s, 0, lvm.Amount{}
	if s != "" && (s[0] == '+' || s[0] == '-') {
		f.sign, s = s[0], s[1:]
	}
	if f.extents && !strings.Contains(s, "%") {
		n, err := strconv.ParseUint(s, 10, 32)
		if err != nil || n == 0 {
			return errors.New("want a number of extents, or a share such as 25%FREE")
		}
		f.amount.Extents = lvm.Extents(n)
		return nil
	}
	if err := wantUnit(s); err != nil {
		return err
	}
	var err error
	if f.amount.Size, err = parseShare(s); err != nil {
		return err
	}
	if f.amount.Size == (units.Size{}) {
		return errors.New("zero is no size")
	}
	return nil
}

// parseShare reads what [units.ParseSize] reads, and shares of the LV itself.
func parseShare(s string) (units.Size, error) {
	number, of, share := strings.Cut(s, "%")
	if share && strings.EqualFold(of, "LV") {
		n, err := strconv.ParseUint(number, 10, 32)
		if err != nil || n == 0 || n > math.MaxUint32 {
			return units.Size{}, fmt.Errorf("%q: %w", s, units.ErrSyntax)
		}
		return units.Size{Percent: uint32(n), Of: "LV"}, nil
	}
	return units.ParseSize(s)
}

// set reports whether the flag was given.
func (f *amountFlag) set() bool { return f.text != "" }

// choice is a flag that is one of several words.
type choice struct {
	value string
	words []string
}

func (f *choice) String() string { return f.value }

func (f *choice) Set(s string) error {
	for _, word := range f.words {
		if s == word {
			f.value = s
			return nil
		}
	}
	return fmt.Errorf("want one of %s", strings.Join(f.words, ", "))
}

func (f *choice) Type() string { return strings.Join(f.words, "|") }

func choiceFlag(flags *pflag.FlagSet, name, short, usage string, words ...string) *choice {
	f := &choice{words: words}
	flags.VarP(f, name, short, usage)
	return f
}

// allocFlag is an allocation policy; inherit is the VG's.
type allocFlag struct{ policy *lvm.Allocation }

func (f *allocFlag) String() string {
	switch {
	case f.policy == nil:
		return ""
	case *f.policy == lvm.AllocInherit:
		return "inherit"
	}
	return string(*f.policy)
}

func (f *allocFlag) Set(s string) error {
	p := lvm.Allocation(s)
	switch p {
	case lvm.AllocContiguous, lvm.AllocCling, lvm.AllocClingByTag, lvm.AllocNormal, lvm.AllocAnywhere:
	case "inherit":
		p = lvm.AllocInherit
	default:
		return errors.New("want contiguous, cling, normal, anywhere or inherit")
	}
	f.policy = &p
	return nil
}

func (f *allocFlag) Type() string { return "POLICY" }

// or returns the policy that was given, or the one that is there.
func (f *allocFlag) or(p lvm.Allocation) lvm.Allocation {
	if f.policy == nil {
		return p
	}
	return *f.policy
}

func policyFlag(flags *pflag.FlagSet, usage string) *allocFlag {
	f := new(allocFlag)
	flags.Var(f, "alloc", usage)
	return f
}

// readAheadFlag is a read-ahead: auto, none, or a number of sectors.
type readAheadFlag struct{ value *lvm.ReadAhead }

func (f *readAheadFlag) String() string {
	switch {
	case f.value == nil:
		return ""
	case *f.value == lvm.ReadAheadAuto:
		return "auto"
	case *f.value == lvm.ReadAheadNone:
		return "none"
	}
	return strconv.FormatInt(int64(*f.value), 10)
}

func (f *readAheadFlag) Set(s string) error {
	var r lvm.ReadAhead
	switch s {
	case "auto":
		r = lvm.ReadAheadAuto
	case "none":
		r = lvm.ReadAheadNone
	default:
		n, err := strconv.ParseUint(strings.TrimSuffix(s, "s"), 10, 32)
		if err != nil || n == 0 {
			return errors.New("want auto, none, or a number of sectors")
		}
		r = lvm.ReadAhead(n)
	}
	f.value = &r
	return nil
}

func (f *readAheadFlag) Type() string { return "auto|none|SECTORS" }

func readAheadFlagP(flags *pflag.FlagSet) *readAheadFlag {
	f := new(readAheadFlag)
	flags.VarP(f, "read-ahead", "r", "read-ahead of the volume")
	return f
}
