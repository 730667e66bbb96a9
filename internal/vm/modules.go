package vm

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

var errNoModule = errors.New("no such module")

// moduleTree is a directory of modules as depmod(8) left it: modules.dep and
// modules.alias.
type moduleTree string

// resolve returns the files of the module called name and of all it needs,
// relative to the tree, in the order to load them. A name may be an alias.
// An empty result means that it is built in.
func (t moduleTree) resolve(name string) ([]string, error) {
	name = moduleName(name)
	if files, err := t.find("modules.dep", name); err != nil || files != nil {
		return files, err
	}
	real, err := t.alias(name)
	if err != nil {
		return nil, err
	}
	if real != "" {
		return t.find("modules.dep", moduleName(real))
	}
	if builtin, err := t.builtin(name); err != nil || builtin {
		return nil, err
	}
	return nil, fmt.Errorf("%w: %s", errNoModule, name)
}

// find reads a modules.dep line, "kernel/a.ko: kernel/b.ko kernel/c.ko", where
// what is needed first stands last.
func (t moduleTree) find(index, name string) ([]string, error) {
	var files []string
	err := t.lines(index, func(line string) bool {
		module, needs, ok := strings.Cut(line, ":")
		if !ok || moduleName(module) != name {
			return true
		}
		files = append([]string{module}, strings.Fields(needs)...)
		return false
	})
	slices.Reverse(files)
	return files, err
}

// alias reads lines "alias PATTERN MODULE".
func (t moduleTree) alias(name string) (module string, err error) {
	err = t.lines("modules.alias", func(line string) bool {
		f := strings.Fields(line)
		if len(f) != 3 || f[0] != "alias" {
			return true
		}
		if ok, _ := filepath.Match(moduleName(f[1]), name); !ok {
			return true
		}
		module = f[2]
		return false
	})
	return module, err
}

func (t moduleTree) builtin(name string) (found bool, err error) {
	err = t.lines("modules.builtin", func(line string) bool {
		found = moduleName(line) == name
		return !found
	})
	return found, err
}

func (t moduleTree) lines(index string, each func(line string) bool) error {
	f, err := os.Open(filepath.Join(string(t), index))
	if err != nil {
		return err
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	for s.Scan() && each(s.Text()) {
	}
	return s.Err()
}

// moduleName is the name that the kernel gives to a module's file: - and _ are
// the same to it.
func moduleName(file string) string {
	name, _, _ := strings.Cut(filepath.Base(file), ".ko")
	return strings.ReplaceAll(name, "-", "_")
}

// load loads a module and what it needs. params are its own, "name=value".
func (t moduleTree) load(name string, params ...string) error {
	files, err := t.resolve(name)
	if err != nil {
		return err
	}
	for i, file := range files {
		own := ""
		if i == len(files)-1 {
			own = strings.Join(params, " ")
		}
		if err := loadModule(filepath.Join(string(t), file), own); err != nil {
			return err
		}
	}
	return nil
}

// loadModule hands one file to the kernel; one that is there already is fine.
func loadModule(file, params string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	flags := 0
	if strings.HasSuffix(file, ".xz") {
		flags = unix.MODULE_INIT_COMPRESSED_FILE // Linux 5.17; Debian 6.12 has it
	}
	if err := unix.FinitModule(int(f.Fd()), params, flags); err != nil && err != unix.EEXIST {
		return fmt.Errorf("load module %s: %w", moduleName(file), err)
	}
	return nil
}

// The guest's modprobe: the kernel runs it for a target, a file system or a
// device that it does not have yet. The link's name is its argv[0].
const (
	guestModprobe = "/run/vmrun/modprobe"
	guestModules  = "/run/vmrun/modules" // a link to the tree
)

// modprobe understands what the kernel and people call it with: modprobe
// [-q] [--] NAME [PARAM=VALUE …].
func modprobe(args []string) error {
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		args = args[1:]
	}
	if len(args) == 0 {
		return errors.New("usage: modprobe NAME [PARAM=VALUE ...]")
	}
	return moduleTree(guestModules).load(args[0], args[1:]...)
}
