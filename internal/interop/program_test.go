package interop_test

import (
	"os"
	"path/filepath"
	"strings"
)

// rokProgram is bin/rok, as make builds it; empty where it was not built.
func rokProgram() string {
	path, err := filepath.Abs("../../bin/rok")
	if err != nil {
		return ""
	}
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

// commandOf are rok's commands for lvm2's. What a tag or -a makes another one of is
// in [rokLine].
var commandOf = map[string]string{
	"pvcreate": "pv create", "pvremove": "pv rm", "pvresize": "pv resize", "pvchange": "pv change",
	"vgcreate": "vg create", "vgextend": "vg extend", "vgreduce": "vg reduce", "vgrename": "vg rename", "vgremove": "vg rm", "vgchange": "vg change",
	"vgcfgbackup": "vg backup", "vgcfgrestore": "vg restore",
	"lvcreate": "lv create", "lvextend": "lv extend", "lvreduce": "lv reduce", "lvremove": "lv rm", "lvrename": "lv rename", "lvchange": "lv change",
}

// rokLine is the command line of rok's for one of lvm2's, most of whose options rok
// takes as they are; nil where it has none.
func (s *stand) rokLine(args []string) []string {
	command := commandOf[args[0]]
	r := parseRequest(args)
	if command == "" || r.has("--metadataignore") {
		return nil
	}
	var more []string
	switch kind, _, _ := strings.Cut(command, " "); {
	case args[0] == "lvcreate" && s.offline:
		more = []string{"-a", "n", "-Z", "n", "-W", "n"}
	case args[0] == "lvcreate" || args[0] == "lvreduce":
		more = []string{"-y"}
	case args[0] == "lvremove":
		more = []string{"-y", "--with-dependents"}
	case strings.HasSuffix(args[0], "change") && r.tags():
		command = kind + " tag"
	case r.has("-a") && r.value("-a") == "n":
		command = kind + " deactivate"
	case r.has("-a"):
		command = kind + " activate"
	}
	line := append(strings.Fields(command), more...)
	for i := 1; i < len(args); i++ {
		switch a := args[i]; {
		case a == "-s" && args[0] == "lvcreate", a == "-T" && r.has("-V"):
			line = append(line, map[string]string{"-s": "--snapshot-of", "-T": "--pool"}[a], r.names[0])
		case a == "-T":
			line = append(line, "--thin-pool")
		case a == "-a" && strings.HasSuffix(command, "activate"):
			i++ // and its value
		case args[0] == "lvcreate" && a == r.first() && (r.has("-s") || r.has("-V")):
		default:
			line = append(line, a)
		}
	}
	for i, a := range line {
		line[i] = s.expand(a)
	}
	return line
}

// first is the first name.
func (r *request) first() string {
	if len(r.names) == 0 {
		return ""
	}
	return r.names[0]
}

// program has rok's program do what an lvm2 command line says.
func (s *stand) program(path string, args []string) outcome {
	line := s.rokLine(args)
	if line == nil {
		return outcome{by: byProgram, refused: true, said: "rok has no such command"}
	}
	cmd, stdout, stderr := s.command(path, line...)
	var err error
	s.ns.do(func() { err = cmd.Run() })
	// What is so already rok's command calls done, and lvm2 does one or the other.
	said := strings.ReplaceAll(stderr.String(), "; nothing to do", " already")
	return outcome{by: byProgram, refused: err != nil || strings.Contains(said, " already"), said: said + stdout.String()}
}
