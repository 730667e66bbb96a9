package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/cli/clitest"
)

// TestGuide runs the commands of docs/maps.md, one after the other.
func TestGuide(t *testing.T) {
	path, err := filepath.Abs("../../docs/maps.md")
	require.NoError(t, err)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	m := newMachine(t)
	m.do("disk disk.img 20M", "write disk.img 4M 1000 1", "disk data.img 8M", "text changed.txt '4194304 1000'")
	n := 0
	for line := range strings.Lines(string(text)) {
		command, ok := strings.CutPrefix(strings.TrimSpace(line), "$ ")
		if !ok {
			continue
		}
		args, err := clitest.Words(command)
		require.NoError(t, err)
		m.must(args...)
		n++
	}
	require.Greater(t, n, 15)
}

// TestJSONKeysAreDocumented: each key that is printed is in docs/json.md below the heading of its command.
func TestJSONKeysAreDocumented(t *testing.T) {
	path, err := filepath.Abs("../../docs/json.md")
	require.NoError(t, err)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	m := exampleMachine(t)
	for _, command := range []string{
		"version", "register disk.img new disk.img other", "present vm/web-1 out.img", "composer-tool ls", "composer-tool show vm/web-1 --blocks",
		"composer-tool diff vm/web-1 vm/web-2", "composer-tool label vm/web-1 app=web", "composer-tool retain vm --keep-last 1", "composer-tool map-upgrade --all",
		"composer-tool map-restore --all", "composer-tool verify", "composer-tool rm new", "cluster-gc",
	} {
		words := strings.Fields(command)
		name := words[0]
		if name == "composer-tool" {
			name += " " + words[1]
		}
		_, section, ok := strings.Cut(string(text), "`rok "+name+"`")
		if name == "version" { // of rok too
			_, section, ok = strings.Cut(string(text), "`rok version`")
		}
		require.True(t, ok, "docs/json.md has no %s", name)
		section, _, _ = strings.Cut(section, "\n## ")
		var v any
		require.NoError(t, json.Unmarshal([]byte(m.must(append([]string{"rok-cluster"}, append(words, "-o", "json")...)...)), &v))
		for _, key := range keysOf("", v) {
			require.Regexp(t, "(?m)^\\| `"+regexp.QuoteMeta(key)+"`", section, command)
		}
	}
}

// keysOf are the paths of all keys; what is below labels and attributes is the user's.
func keysOf(path string, v any) (keys []string) {
	switch v := v.(type) {
	case map[string]any:
		for k, below := range v {
			p := strings.TrimPrefix(path+"."+k, ".")
			keys = append(keys, p)
			if k != "labels" && k != "attributes" {
				keys = append(keys, keysOf(p, below)...)
			}
		}
	case []any:
		for _, below := range v {
			keys = append(keys, keysOf(path+"[]", below)...)
		}
	}
	return keys
}
