package lvm

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

const (
	// maxTag is the longest tag by lvm(8); validate_tag of 2.03.16, lib/misc/lvm-string.c,
	// has no bound.
	maxTag = 1024
	// maxDeviceName is device-mapper's: DM_NAME_LEN with its end.
	maxDeviceName = 127
)

// reservedPrefixes and reservedParts are in names that lvm2 makes itself:
// apply_lvname_restrictions, lib/misc/lvm-string.c.
var (
	reservedPrefixes = [...]string{"pvmove", "snapshot"}
	reservedParts    = [...]string{
		"_cdata", "_cmeta", "_corig", "_cpool", "_cvol", "_wcorig", "_mimage", "_mlog", "_pmspare", "_rimage", "_rmeta",
		"_tdata", "_tmeta", "_vdata", "_vorigin", "_imeta", "_iorig",
	}
	// layers are the longest that activation may put behind an LV's name.
	layers = [...]string{"-tpool", "-real", "-cow"}
)

// CheckVGName refuses a name that lvm2 takes for no VG, with [ErrName].
func CheckVGName(name string) error { return checkName(name) }

// CheckLVName refuses a name that lvm2 lets nobody give an LV, with [ErrName].
func CheckLVName(name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	for _, prefix := range reservedPrefixes {
		if strings.HasPrefix(name, prefix) {
			return fmt.Errorf("%q: %w: names that begin with %q are LVM's own", name, ErrName, prefix)
		}
	}
	for _, part := range reservedParts {
		if strings.Contains(name, part) {
			return fmt.Errorf("%q: %w: names with %q in them are LVM's own", name, ErrName, part)
		}
	}
	return nil
}

func checkName(name string) error {
	if what := nameFault(name); what != "" {
		return fmt.Errorf("%.130q: %w: it %s", name, ErrName, what)
	}
	return nil
}

// CheckTag refuses a tag that lvm2 does not take, with [ErrName].
func CheckTag(tag string) error {
	if tag == "" || len(tag) > maxTag {
		return fmt.Errorf("tag %q: %w: 1 to %d characters", tag, ErrName, maxTag)
	}
	for i := range len(tag) {
		if c := tag[i]; !alphanumeric(c) && !strings.ContainsRune("_+.-/=!:&#", rune(c)) {
			return fmt.Errorf("tag %q: %w: letters, digits and _ + . - / = ! : & # may be in it", tag, ErrName)
		}
	}
	return nil
}

// checkFit refuses an LV whose name is too long together with its VG's: for
// lvm2, and for device-mapper, where hyphens are doubled and a layer comes
// behind.
func checkFit(vg, lv string) error {
	const around = len("-") + len("XX") // lvm2 wants some room: lib/metadata/metadata.c
	device := len(vg) + strings.Count(vg, "-") + len("-") + len(lv) + strings.Count(lv, "-")
	longest := 0
	for _, layer := range layers {
		longest = max(longest, len(layer))
	}
	if len(vg)+len(lv)+around > maxNameLength || device+longest > maxDeviceName {
		return fmt.Errorf("%s/%s: %w: too long for a device's name", vg, lv, ErrName)
	}
	return nil
}

// lvName checks a name for a new LV, or chooses one where it is empty.
func (b *Batch) lvName(name string) (string, error) {
	if name == "" {
		name = b.automaticName("lvol", "")
	} else if err := CheckLVName(name); err != nil {
		return "", &OpError{Err: err}
	}
	return name, b.free(name)
}

// free refuses a name that is taken or too long.
func (b *Batch) free(name string) error {
	if b.names[name] != nil {
		return &OpError{Err: ErrExists, Reason: name}
	}
	if err := checkFit(b.vg.Name, name); err != nil {
		return &OpError{Err: err}
	}
	return nil
}

// automaticName is generate_lv_name of lvm2: the number is one more than the
// highest behind that prefix in any LV's name, whatever follows the number.
func (b *Batch) automaticName(prefix, suffix string) string {
	highest, known := b.numbers[prefix]
	if !known {
		highest = -1
		for name := range b.names {
			if n, ok := numberBehind(name, prefix); ok {
				highest = max(highest, n)
			}
		}
		b.numbers[prefix] = highest
	}
	for {
		highest++
		name := prefix + strconv.FormatInt(highest, 10) + suffix
		if b.names[name] == nil {
			return name
		}
	}
}

// noteNumber keeps the highest numbers when an LV comes.
func (b *Batch) noteNumber(name string) {
	for prefix, highest := range b.numbers {
		if n, ok := numberBehind(name, prefix); ok && n > highest {
			b.numbers[prefix] = n
		}
	}
}

// forgetNumber does so when one goes: those that are left are looked through
// when the number is needed.
func (b *Batch) forgetNumber(name string) {
	for prefix, highest := range b.numbers {
		if n, ok := numberBehind(name, prefix); ok && n == highest {
			delete(b.numbers, prefix)
		}
	}
}

// numberBehind reads as sscanf does with "prefix%d", for numbers that fit.
func numberBehind(name, prefix string) (n int64, ok bool) {
	rest, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return 0, false
	}
	end := 0
	if end < len(rest) && (rest[0] == '+' || rest[0] == '-') {
		end++
	}
	digits := end
	for end < len(rest) && '0' <= rest[end] && rest[end] <= '9' {
		end++
	}
	if end == digits {
		return 0, false
	}
	n, err := strconv.ParseInt(rest[:end], 10, 32)
	// The next number must be one, too.
	return n, err == nil && n < math.MaxInt32
}
