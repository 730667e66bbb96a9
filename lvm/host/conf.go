package host

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/lvm/text"
)

// conf is lvm.conf and the files that lvm2 reads after it: lvmlocal.conf, then
// lvm_TAG.conf for each of the host's tags. What is read later goes over what
// was read before, value by value; of duplicates in one file the last counts.
type conf struct {
	values map[string]confValue // by "section/key"
	tags   []string             // of the host
	// devicesFile is what the lvm.conf that came with this build of lvm2 says, in
	// a comment, of the build's default for use_devicesfile: it is 0 in Debian's
	// and 1 in others. Empty: it says nothing.
	devicesFile string
}

type confValue struct {
	path   string // the file
	values []text.Value
}

// SettingError says that a file of settings, or a setting, is not understood.
// lvm2 refuses to work with a file that cannot be parsed; of a setting that
// has the wrong type it warns, and takes the default.
type SettingError struct {
	Path string // the file
	Name string // "section/key"; empty where the file has no settings
	Err  error
}

// Error prints, for example, `/etc/lvm/lvm.conf: global/umask: not a number`.
func (e *SettingError) Error() string {
	if e.Name == "" {
		return fmt.Sprintf("%s: %v", e.Path, e.Err)
	}
	return fmt.Sprintf("%s: %s: %v", e.Path, e.Name, e.Err)
}

// Unwrap returns Err.
func (e *SettingError) Unwrap() error { return e.Err }

// maxTags bounds how many files tags can bring in.
const maxTags = 1000

var errTags = errors.New("more than 1000 tags")

func loadConf(etc, node string) (*conf, error) {
	c := &conf{values: map[string]confValue{}}
	if err := c.read(filepath.Join(etc, "lvm.conf"), node); err != nil {
		return nil, err
	}
	if err := c.read(filepath.Join(etc, "lvmlocal.conf"), node); err != nil {
		return nil, err
	}
	for i := 0; i < len(c.tags); i++ { // a tag's file may bring in more
		if err := c.read(filepath.Join(etc, "lvm_"+c.tags[i]+".conf"), node); err != nil {
			return nil, err
		}
		if len(c.tags) > maxTags {
			return nil, &SettingError{Path: etc, Name: "tags", Err: errTags}
		}
	}
	return c, nil
}

// read adds a file, if it is there.
func (c *conf) read(path, node string) error {
	read, err := ioctl.ReadFile(path)
	if os.IsNotExist(err) { // errors.Is would be the first of a short command, and makes its tables
		return nil
	}
	if err != nil {
		return err
	}
	src := string(read)
	nodes, err := text.Parse(src)
	if err != nil {
		return &SettingError{Path: path, Err: err}
	}
	if _, rest, found := strings.Cut(src, "\t# use_devicesfile = "); found && c.devicesFile == "" {
		c.devicesFile, _, _ = strings.Cut(rest, "\n")
	}
	if err := c.add(path, "", nodes); err != nil {
		return err
	}
	return c.addTags(path, node, nodes)
}

func (c *conf) add(path, above string, nodes []text.Node) error {
	for i := range nodes {
		n := &nodes[i]
		name := above + strings.Trim(n.Name(), "/")
		if above == "" && (name == "tags" || strings.HasPrefix(name, "tags/")) {
			continue // addTags reads them
		}
		if n.Section {
			if err := c.add(path, name+"/", n.Nodes); err != nil {
				return err
			}
			continue
		}
		values, err := n.Values()
		if err != nil {
			return &SettingError{Path: path, Name: name, Err: err}
		}
		c.values[name] = confValue{path, values}
	}
	return nil
}

// addTags adds the tags that a file gives this host: its own name where
// hosttags is set, and each whose host_list has the name, or that has no
// host_list. Of "@TAG" in a host_list, of which lvm.conf's comments speak, lvm2
// 2.03.16 takes no notice.
func (c *conf) addTags(path, node string, nodes []text.Node) error {
	file := &conf{values: map[string]confValue{}}
	var names []string
	for i := range nodes {
		n := &nodes[i]
		name, below, _ := strings.Cut(strings.Trim(n.Name(), "/"), "/")
		if name != "tags" {
			continue
		}
		under := n.Nodes
		if below != "" { // "tags/NAME/host_list = …"
			under = []text.Node{*n}
			under[0].Key = below
		}
		if err := file.add(path, "", under); err != nil {
			return err
		}
		for j := range under {
			tag, _, path := strings.Cut(strings.Trim(under[j].Name(), "/"), "/")
			if under[j].Section || path {
				names = append(names, tag)
			}
		}
	}
	r := &settingReader{conf: file}
	if r.flag("hosttags", false) {
		c.addTag(node)
	}
	for _, name := range names {
		tag := strings.TrimPrefix(name, "@")
		if !plainName(tag) {
			return &SettingError{Path: path, Name: "tags/" + name, Err: errors.New("not a tag")}
		}
		if hosts := r.list(name + "/host_list"); hosts == nil || slices.Contains(hosts, node) {
			c.addTag(tag)
		}
	}
	return r.err
}

func (c *conf) addTag(tag string) {
	if !slices.Contains(c.tags, tag) {
		c.tags = append(c.tags, tag)
	}
}

// with is c with a profile's values over it.
func (c *conf) with(path string) (*conf, error) {
	over := &conf{values: maps.Clone(c.values), tags: c.tags, devicesFile: c.devicesFile}
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	nodes, err := text.Parse(string(src))
	if err != nil {
		return nil, &SettingError{Path: path, Err: err}
	}
	return over, over.add(path, "", nodes)
}
