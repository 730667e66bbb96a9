package cluster

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rok-storage/rok/units"
)

// Kind is what values a variable takes.
type Kind uint8

// The kinds.
const (
	Bool     Kind = iota + 1 // True or False
	Number                   // a whole number, from Min to Max
	Size                     // bytes, as units.ParseBytes reads them, from Min to Max
	Duration                 // as time.ParseDuration reads it, from Min to Max nanoseconds
	Word                     // one of Words, or a number from Min to Max where Max is not 0
	Text                     // up to maxText bytes of UTF-8
)

// maxText is the length of the longest value.
const maxText = 64 << 10

// Hidden is printed in place of a secret.
const Hidden = "<hidden>"

// Variable is what can be configured.
type Variable struct {
	Name    string // with * for a host or an instance
	Kind    Kind
	Min     int64
	Max     int64
	Power   bool // only powers of two
	Words   []string
	Default string // as it is printed; "": none, and Unset says what holds
	Unit    string // "bytes", …; "": none
	Since   string // the version that it came with
	Restart bool   // daemons want a restart
	Secret  bool   // its value is never printed
	Help    string
}

// Want says in words what the variable takes.
func (v *Variable) Want() string {
	switch v.Kind {
	case Bool:
		return "True or False"
	case Number:
		return fmt.Sprintf("a number from %d to %d", v.Min, v.Max)
	case Size:
		return fmt.Sprintf("a size from %s to %s%s", units.Bytes(v.Min), units.Bytes(v.Max), v.power())
	case Duration:
		return fmt.Sprintf("a time from %s to %s, such as 90s or 5m", time.Duration(v.Min), time.Duration(v.Max))
	case Word:
		words := strings.Join(v.Words, " or ")
		if v.Max > 0 {
			words += fmt.Sprintf(", or a number from %d to %d%s", v.Min, v.Max, v.power())
		}
		return words
	}
	return fmt.Sprintf("up to %d bytes of UTF-8", maxText)
}

func (v *Variable) power() string {
	if v.Power {
		return ", a power of two"
	}
	return ""
}

// Parse returns a value as it is stored and printed. Errors match [ErrValue].
func (v *Variable) Parse(text string) (string, error) {
	canonical, ok := v.canonical(text)
	if ok {
		return canonical, nil
	}
	shown := fmt.Sprintf("%.60q", text)
	if v.Secret {
		shown = Hidden
	}
	return "", fmt.Errorf("%s: %w: want %s", shown, ErrValue, v.Want())
}

func (v *Variable) canonical(text string) (string, bool) {
	switch v.Kind {
	case Bool:
		switch strings.ToLower(text) {
		case "true", "yes":
			return "True", true
		case "false", "no":
			return "False", true
		}
		return "", false
	case Number:
		n, err := strconv.ParseInt(text, 10, 64)
		return strconv.FormatInt(n, 10), err == nil && v.within(n)
	case Size:
		b, err := units.ParseBytes(text)
		return b.String(), err == nil && uint64(b) < 1<<63 && v.within(int64(b))
	case Duration:
		d, err := time.ParseDuration(text)
		return d.String(), err == nil && v.within(int64(d))
	case Word:
		for _, w := range v.Words {
			if strings.EqualFold(w, text) {
				return w, true
			}
		}
		n, err := strconv.ParseInt(text, 10, 64)
		return strconv.FormatInt(n, 10), err == nil && v.Max > 0 && v.within(n)
	}
	return text, text != "" && len(text) <= maxText && utf8.ValidString(text) && !strings.ContainsRune(text, 0)
}

func (v *Variable) within(n int64) bool {
	return v.Min <= n && n <= v.Max && (!v.Power || n&(n-1) == 0)
}

func boolText(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

// matches reports whether a name is one of the variable's, and what stands for its *.
func (v *Variable) matches(name string) (instance string, ok bool) {
	before, behind, pattern := strings.Cut(v.Name, "*")
	if !pattern {
		return "", name == v.Name
	}
	rest, ok := strings.CutPrefix(name, before)
	if !ok || !strings.HasSuffix(rest, behind) || len(rest) == len(behind) {
		return "", false
	}
	instance = strings.TrimSuffix(rest, behind)
	return instance, validInstance(before, instance)
}

// validInstance: the instances of cluster.members are hosts, those of s3d small numbers.
func validInstance(before, instance string) bool {
	if before == membersPrefix {
		return CheckHost(instance) == nil
	}
	n, err := strconv.ParseUint(instance, 10, 16)
	return err == nil && strconv.FormatUint(n, 10) == instance
}

// with is the variable's name of an instance.
func (v *Variable) with(instance string) string { return strings.Replace(v.Name, "*", instance, 1) }

const membersPrefix = "cluster.members."

// memberOf is the host that a variable belongs to.
func memberOf(name string) (host string, ok bool) {
	rest, ok := strings.CutPrefix(name, membersPrefix)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(rest, ".master_capable")
}
