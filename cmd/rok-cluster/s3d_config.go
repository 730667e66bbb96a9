package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/store/s3"
	"github.com/rok-storage/rok/units"
)

// s3dConfig is what a section [s3d.N] says.
type s3dConfig struct {
	section, file string
	s3            s3.Config // without what completeS3 adds
	ca            string
	keys          s3Keys
	socket        string
	mode          fs.FileMode
	allow         []int
	dir           string // of journal, cache and large bodies
	journal       units.Bytes
	cache         units.Bytes
	metrics       string // "" is none
}

// readS3d reads the section. Errors are those of [cli.ReadConf], and match fs.ErrNotExist where there is no such
// section.
func readS3d(e *env, section string, flags s3dFlags) (s3dConfig, error) {
	path := e.configPath()
	file, err := cli.ReadConf(path, e.confNamed())
	if err != nil {
		return s3dConfig{}, err
	}
	s := file.Section(section)
	if !s.Exists() {
		return s3dConfig{}, noSectionError{path, section}
	}
	settings, err := e.settings()
	if err != nil {
		return s3dConfig{}, err
	}
	number, _ := strconv.Atoi(strings.TrimPrefix(section, "s3d."))
	ours := settings.Instance(number) // the section wins
	r := s.Reader()
	c := s3dConfig{section: section, file: path}
	a := readS3Address(r, s, ours)
	c.s3 = s3.Config{Bucket: a.Bucket, Endpoint: a.Endpoint, Prefix: a.Path, Region: a.Region, PathStyle: a.PathStyle}
	off := r.Bool("no-versioning", ours.NoVersioning || a.Versioning == "off") || flags.noVersioning
	assume := r.Bool("assume-no-versioning", ours.AssumeNoVersioning || a.Versioning == "assume") || flags.assumeOff
	c.s3.Versioning = versioningOf(off, assume)
	c.ca, c.keys = a.CA, readS3Keys(r, s, ours)
	c.socket = r.Text("socket", "/run/rok/"+section+".sock")
	if !filepath.IsAbs(c.socket) {
		r.Fail("socket", "want an absolute path")
	}
	mode, err := strconv.ParseUint(r.Text("socket-mode", "0660"), 8, 32)
	if err != nil || mode > 0o777 {
		r.Fail("socket-mode", "want a mode such as 0660")
	}
	c.mode = fs.FileMode(mode)
	for _, name := range r.Words("allow") {
		uid, err := userID(name)
		if err != nil {
			r.Fail("allow", "%s is no user: %v", name, err)
		}
		c.allow = append(c.allow, uid)
	}
	c.dir = r.Text("state", filepath.Join(e.stateDir(), section))
	if !filepath.IsAbs(c.dir) {
		r.Fail("state", "want an absolute path")
	}
	c.journal = r.Size("journal-size", ours.JournalSize)
	c.cache = r.Size("cache-size", ours.CacheSize)
	c.metrics = r.Text("metrics", "")
	if err := loopback(c.metrics); err != nil {
		r.Fail("metrics", "%v", err)
	}
	return c, r.Err()
}

// noSectionError matches fs.ErrNotExist.
type noSectionError struct{ file, section string }

func (e noSectionError) Error() string {
	return fmt.Sprintf("%s has no section [%s]", e.file, e.section)
}

func (noSectionError) Is(target error) bool { return target == fs.ErrNotExist }

func versioningOf(off, assume bool) s3.Versioning {
	switch {
	case assume:
		return s3.Assume
	case off:
		return s3.Off
	}
	return s3.Auto
}

func userID(name string) (int, error) {
	if uid, err := strconv.ParseUint(name, 10, 31); err == nil {
		return int(uid), nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(u.Uid)
}

// loopback refuses an address that others than this machine reach: there is no password.
func loopback(address string) error {
	if address == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return errors.New("want an address of this machine alone, such as 127.0.0.1:9090")
	}
	return nil
}
