package store

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/rok-storage/rok/internal/nearest"
	"github.com/rok-storage/rok/maps"
)

// Address says where a store is, and how it is opened:
//
//	file:///DIR, or an absolute path
//	s3://BUCKET/PREFIX?endpoint=URL&region=NAME&path-style=yes&ca=FILE&versioning=auto|off|assume
//	unix:///SOCKET
//
// and, of all: hash=sha256|blake3, compression=s2|zstd|none, key=FILE. Credentials are never in it.
type Address struct {
	Scheme string // "file", "s3" or "unix"
	Path   string // of a directory or socket, absolute; of S3 the prefix, "" or without slashes at its ends

	Bucket     string // of S3, as the rest of these
	Endpoint   string // "" is Amazon's
	Region     string // "" asks the service
	PathStyle  bool   // the bucket is named in the path
	CA         string // a file of authorities that are trusted besides; "" is none
	Versioning string // "", "auto", "off", "assume"

	Hash        maps.Hash   // asked for; 0 takes what is there
	Compression Compression // asked for; "" takes what is there
	KeyFile     string      // of an encrypted store; "" is none
}

// Settings are those that are asked for.
func (a Address) Settings() Settings { return Settings{Hash: a.Hash, Compression: a.Compression} }

// parameter is a word behind the "?".
type parameter struct {
	name    string
	schemes string // that have it; "" is all
	set     func(a *Address, value string) error
	get     func(a Address) string // "" where it is not set
}

func oneOf(to *string, value string, known ...string) error {
	if !slices.Contains(known, value) {
		return fmt.Errorf("want %s", strings.Join(known, ", "))
	}
	*to = value
	return nil
}

func parameters() []parameter {
	return []parameter{
		{"endpoint", "s3", setEndpoint, func(a Address) string { return a.Endpoint }},
		{"region", "s3", func(a *Address, v string) error { a.Region = v; return nil }, func(a Address) string { return a.Region }},
		{"path-style", "s3", func(a *Address, v string) error {
			var word string
			err := oneOf(&word, v, "yes", "no")
			a.PathStyle = word == "yes"
			return err
		}, func(a Address) string {
			if a.PathStyle {
				return "yes"
			}
			return ""
		}},
		{"ca", "s3", func(a *Address, v string) error { a.CA = v; return nil }, func(a Address) string { return a.CA }},
		{"versioning", "s3", func(a *Address, v string) error { return oneOf(&a.Versioning, v, "auto", "off", "assume") },
			func(a Address) string { return a.Versioning }},
		{"hash", "", func(a *Address, v string) (err error) { a.Hash, err = maps.ParseHash(v); return err }, func(a Address) string {
			if a.Hash == 0 {
				return ""
			}
			return a.Hash.String()
		}},
		{"compression", "", func(a *Address, v string) error {
			var word string
			err := oneOf(&word, v, string(S2), string(Zstd), string(None))
			a.Compression = Compression(word)
			return err
		}, func(a Address) string { return string(a.Compression) }},
		{"key", "", func(a *Address, v string) error { a.KeyFile = v; return nil }, func(a Address) string { return a.KeyFile }},
	}
}

func setEndpoint(a *Address, value string) error {
	u, err := url.Parse(value)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Host == "", u.Opaque != "":
		return errors.New("want https://HOST or http://HOST:PORT")
	case u.User != nil:
		return errCredentials
	case strings.Trim(u.Path, "/") != "", u.RawQuery != "", u.Fragment != "":
		return errors.New("want no path or parameters behind the host")
	}
	a.Endpoint = u.Scheme + "://" + u.Host
	return nil
}

var errCredentials = errors.New("credentials do not belong into an address: they come from the environment or a file")

// ParseAddress reads an address. Errors match [ErrAddress], and never repeat what may be a secret.
func ParseAddress(text string) (Address, error) {
	a, err := parseAddress(text)
	if err != nil {
		return Address{}, fmt.Errorf("store: address: %w: %w", err, ErrAddress)
	}
	return a, nil
}

func parseAddress(text string) (Address, error) {
	place, query, _ := strings.Cut(text, "?")
	if strings.HasPrefix(place, "/") { // a path, in which % and # are themselves
		place = (&url.URL{Scheme: "file", Path: place}).String()
	}
	u, err := url.Parse(place)
	if err != nil {
		return Address{}, errors.New("it is no URL and no absolute path") // err repeats it
	}
	a := Address{Scheme: u.Scheme}
	switch {
	case u.User != nil:
		return Address{}, errCredentials
	case u.Fragment != "":
		return Address{}, errors.New("it has a #; in a path of a URL, write %23")
	case u.Scheme == "file" || u.Scheme == "unix":
		err = a.setPath(u)
	case u.Scheme == "s3":
		err = a.setBucket(u)
	case u.Scheme == "":
		err = errors.New("want file:///DIR, s3://BUCKET/PREFIX, unix:///SOCKET or an absolute path")
	default:
		err = unknown("scheme", u.Scheme, []string{"file", "s3", "unix"})
	}
	if err != nil {
		return Address{}, err
	}
	return a, a.setParameters(query)
}

func (a *Address) setPath(u *url.URL) error {
	switch {
	case u.Host != "" || u.Opaque != "":
		return fmt.Errorf("want three slashes, as in %s:///DIR", u.Scheme)
	case strings.ContainsRune(u.Path, 0):
		return errors.New("a path with a zero byte")
	}
	a.Path = path.Clean("/" + u.Path)
	if a.Path == "/" {
		return errors.New("it has no path")
	}
	return nil
}

func (a *Address) setBucket(u *url.URL) error {
	switch {
	case u.Hostname() == "" || u.Opaque != "":
		return errors.New("it has no bucket: want s3://BUCKET/PREFIX")
	case u.Host != u.Hostname():
		return errors.New("it has a port where the bucket is named: want s3://BUCKET/PREFIX?endpoint=https://HOST:PORT")
	}
	a.Bucket, a.Path = u.Host, strings.Trim(u.Path, "/")
	if a.Path == "" {
		return nil
	}
	if err := CheckKey(a.Path); err != nil {
		return fmt.Errorf("prefix: %w", err)
	}
	return nil
}

func (a *Address) setParameters(query string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return errors.New("what is behind the ? is not NAME=VALUE&NAME=VALUE")
	}
	var known []string
	for _, p := range parameters() {
		if p.schemes != "" && p.schemes != a.Scheme {
			continue
		}
		known = append(known, p.name)
		value, given := values[p.name]
		delete(values, p.name)
		switch {
		case !given:
		case len(value) > 1:
			return fmt.Errorf("%s is given twice", p.name)
		case value[0] == "":
			return fmt.Errorf("%s has no value", p.name)
		default:
			if err := p.set(a, value[0]); err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
		}
	}
	for name := range values {
		for _, secret := range []string{"secret", "password", "token", "credential", "access"} {
			if strings.Contains(strings.ToLower(name), secret) {
				return errCredentials
			}
		}
		return unknown("parameter", name, known)
	}
	return nil
}

// unknown names the nearest that is known.
func unknown(what, name string, known []string) error {
	if best, near := nearest.Of(name, known); near {
		return fmt.Errorf("%s %.32q is not known: did you mean %s?", what, name, best)
	}
	return fmt.Errorf("%s %.32q is not known: want one of %s", what, name, strings.Join(known, ", "))
}

// String is the address as ParseAddress reads it.
func (a Address) String() string {
	u := url.URL{Scheme: a.Scheme, Host: a.Bucket, Path: a.Path}
	if a.Bucket != "" && a.Path != "" {
		u.Path = "/" + a.Path
	}
	values := url.Values{}
	for _, p := range parameters() {
		if value := p.get(a); value != "" {
			values.Set(p.name, value)
		}
	}
	u.RawQuery = values.Encode()
	return u.String()
}
