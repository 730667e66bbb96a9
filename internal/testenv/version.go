package testenv

import (
	"fmt"
	"strconv"
	"strings"
)

// version is major and minor: what features are told apart by.
type version struct{ major, minor int }

func (v version) String() string { return fmt.Sprintf("%d.%d", v.major, v.minor) }

func (v version) less(w version) bool {
	return v.major < w.major || v.major == w.major && v.minor < w.minor
}

// atLeast returns tooOld where v is older than want.
func (v version) atLeast(want version) error {
	if v.less(want) {
		return tooOld{v}
	}
	return nil
}

// parseVersion reads "6.12" and what may follow: "6.12.117+deb12-cloud-amd64".
func parseVersion(text string) (version, error) {
	major, rest, _ := strings.Cut(strings.TrimSpace(text), ".")
	minor, _, _ := strings.Cut(rest, ".")
	if at := strings.IndexFunc(minor, func(r rune) bool { return r < '0' || r > '9' }); at >= 0 {
		minor = minor[:at]
	}
	a, err1 := strconv.Atoi(major)
	b, err2 := strconv.Atoi(minor)
	if err1 != nil || err2 != nil {
		return version{}, fmt.Errorf("%q is not a version such as 6.12", text)
	}
	return version{a, b}, nil
}
