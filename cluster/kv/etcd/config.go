package etcd

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/rok-storage/rok/cluster/kv"
)

// Config says where a store is, and how to reach it.
type Config struct {
	// Endpoints are HOST:PORT, or http:// or https:// and that; at least one.
	Endpoints []string
	// CA is a PEM file with the authorities that the members' certificates may be of; "": the system's. Any of
	// the three, or https:// in front of an endpoint, means TLS, for all of them.
	CA string
	// Cert and Key are PEM files with the client's own certificate, where the members want one.
	Cert, Key string
	// User and Password are given where User is not "".
	User     string
	Password Password
	// Dial limits how long connecting takes; 0: 5 s. Request limits each request; 0: 7 s.
	Dial, Request time.Duration
}

// Password is not printed.
type Password string

// String hides it.
func (Password) String() string { return "(hidden)" }

// GoString hides it.
func (Password) GoString() string { return "(hidden)" }

const (
	defaultDial    = 5 * time.Second
	defaultRequest = 7 * time.Second
)

func (c *Config) dial() time.Duration    { return cmp.Or(c.Dial, defaultDial) }
func (c *Config) request() time.Duration { return cmp.Or(c.Request, defaultRequest) }

// address is the endpoints, for people.
func (c *Config) address() string { return strings.Join(c.Endpoints, ",") }

// check returns an error that matches [kv.ErrInvalid], and prints no password.
func (c *Config) check() error {
	if len(c.Endpoints) == 0 {
		return fmt.Errorf("no endpoint: %w", kv.ErrInvalid)
	}
	for i, e := range c.Endpoints {
		scheme, host, found := strings.Cut(e, "://")
		if !found {
			scheme, host = "", e
		}
		switch {
		case strings.Contains(e, "@"):
			return fmt.Errorf("endpoint %d has a user in it, who is given as such: %w", i+1, kv.ErrInvalid)
		case host == "" || strings.ContainsAny(host, "/?# ,") || scheme != "" && scheme != "http" && scheme != "https":
			return fmt.Errorf("endpoint %q: want HOST:PORT, http:// or https://: %w", e, kv.ErrInvalid)
		case scheme == "http" && c.secure():
			return fmt.Errorf("endpoint %q is without TLS, for which there are settings: %w", e, kv.ErrInvalid)
		}
	}
	switch {
	case (c.Cert == "") != (c.Key == ""):
		return fmt.Errorf("a certificate and its key belong together: %w", kv.ErrInvalid)
	case (c.User == "") != (c.Password == ""):
		return fmt.Errorf("a user and a password belong together: %w", kv.ErrInvalid)
	}
	return nil
}

// secure reports whether TLS is wanted.
func (c *Config) secure() bool {
	https := func(e string) bool { return strings.HasPrefix(e, "https://") }
	return c.CA != "" || c.Cert != "" || slices.ContainsFunc(c.Endpoints, https)
}

// tls reads the certificates; nil: there is no TLS.
func (c *Config) tls() (*tls.Config, error) {
	if !c.secure() {
		return nil, nil
	}
	t := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CA != "" {
		text, err := os.ReadFile(c.CA)
		if err != nil {
			return nil, err
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s has no certificate: %w", c.CA, kv.ErrInvalid)
		}
	}
	if c.Cert != "" {
		pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
		if pathErr, ok := errors.AsType[*os.PathError](err); ok {
			return nil, pathErr
		}
		if err != nil {
			return nil, fmt.Errorf("%s with %s: %w: %w", c.Cert, c.Key, err, kv.ErrInvalid)
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}
