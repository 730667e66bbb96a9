package main

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/bench/compare"
	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/internal/cli/clitest"
)

const jsonDoc = "../../docs/json.md"

// printJSON returns a document of a command in which every key shows.
func printJSON(t *testing.T, path string) string {
	m := exampleMachine(t)
	switch path {
	case "rok compare": // takes minutes and a kernel; what it prints is this value
		report, err := json.Marshal(filled(reflect.TypeFor[compare.Report]()).Interface())
		require.NoError(t, err)
		return string(report)
	case "rok pool check", "rok pool repair": // likewise
		view, err := json.Marshal(filled(map[string]reflect.Type{
			"rok pool check":  reflect.TypeFor[poolCheckView](),
			"rok pool repair": reflect.TypeFor[poolRepairView](),
		}[path]).Interface())
		require.NoError(t, err)
		return string(view)
	case "rok thin check": // no one file has leaks and faults
		report, err := json.Marshal(filled(reflect.TypeFor[thinCheckView]()).Interface())
		require.NoError(t, err)
		return string(report)
	case "rok thin restore", "rok thin extract", "rok thin repair": // their -o names a file
		view, err := json.Marshal(filled(map[string]reflect.Type{
			"rok thin restore": reflect.TypeFor[thinWrittenView](),
			"rok thin extract": reflect.TypeFor[extractView](),
			"rok thin repair":  reflect.TypeFor[thinRepairView](),
		}[path]).Interface())
		require.NoError(t, err)
		return string(view)
	case "rok dm events":
		f := m.follow(t, "--count", "1", "-o", "json")
		m.do("event pool")
		_, stdout, _ := f.end()
		return strings.Join(stdout, "\n")
	}
	stdout, stderr, code := m.rok(append(m.jsonArgs(t, path), "-o", "json")...)
	if path == "rok pool watch" { // an event of several
		stdout, _, _ = strings.Cut(stdout, "\n")
	}
	if path == "rok vg check" { // with nothing wrong, there is nothing to show
		require.Equal(t, int(cli.Corrupt), code, stderr)
	} else {
		require.Zero(t, code, stderr)
	}
	return stdout
}

// jsonArgs are the arguments of an example of a command, on a machine where it has
// something to print.
func (m *machine) jsonArgs(t *testing.T, path string) []string {
	command, flag, _ := strings.Cut(path, " --")
	for _, c := range tree(&m.env) {
		if c.CommandPath() != command {
			continue
		}
		for _, example := range cli.Examples(c) {
			args, err := clitest.Words(example)
			require.NoError(t, err)
			if slices.Contains(args, "json") || slices.Contains(args, "--list") != (flag == "list") {
				continue
			}
			m.exampleOf(command)
			if command == "rok vg check" {
				m.do("wipe sdb 4096 512")
			}
			if flag == "segments" {
				args = append(args, "--segments")
			}
			return args[1:]
		}
	}
	t.Fatalf("no example of %s", path)
	return nil
}

// TestJSONKeys compares the keys that each command prints with docs/json.md.
func TestJSONKeys(t *testing.T) {
	doc := documentedKeys(t)
	paths := []string{"rok lv ls --segments", "rok vg restore --list"}
	for _, c := range tree(&newMachine(t).env) {
		if o := c.Flags().Lookup("output"); o != nil && o.Value.Type() != "string" || c.Flags().Lookup("json") != nil {
			paths = append(paths, c.CommandPath())
		}
	}
	for _, path := range paths {
		t.Run(path, func(t *testing.T) {
			var value any
			require.NoError(t, json.Unmarshal([]byte(printJSON(t, path)), &value))
			keys := map[string]bool{}
			addKeys(keys, "", value)
			require.Equal(t, slices.Sorted(maps.Keys(keys)), doc[path])
		})
	}
}

// addKeys collects the paths of all keys below v: "devices[].name". What is in
// a key called "fields" depends on the target, and is a list of its own.
func addKeys(keys map[string]bool, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, below := range v {
			p := strings.TrimPrefix(path+"."+k, ".")
			keys[p] = true
			if k != "fields" {
				addKeys(keys, p, below)
			}
		}
	case []any:
		for _, below := range v {
			addKeys(keys, path+"[]", below)
		}
	}
}

// documentedKeys reads the first column of the table below each heading that
// is a command, or several.
func documentedKeys(t *testing.T) map[string][]string {
	text, err := os.ReadFile(jsonDoc)
	require.NoError(t, err)
	name := regexp.MustCompile("`(rok [^`]+)`")
	row := regexp.MustCompile("^\\| `([^`]+)` \\|")
	keys, commands := map[string][]string{}, []string(nil)
	for l := range strings.Lines(string(text)) {
		if strings.HasPrefix(l, "#") {
			commands = nil
			for _, m := range name.FindAllStringSubmatch(l, -1) {
				commands = append(commands, m[1])
			}
		} else if m := row.FindStringSubmatch(l); m != nil {
			for _, c := range commands {
				keys[c] = append(keys[c], m[1])
			}
		}
	}
	for _, k := range keys {
		slices.Sort(k)
	}
	return keys
}

// TestJSONFields compares the keys of "fields" with the lists in docs/json.md.
func TestJSONFields(t *testing.T) {
	requireAllTypes(t)
	const begin, end = "<!-- made by go test ./cmd/rok -update -->\n", "<!-- end -->\n"
	text, err := os.ReadFile(jsonDoc)
	require.NoError(t, err)
	before, rest, ok := strings.Cut(string(text), begin)
	require.True(t, ok)
	was, after, ok := strings.Cut(rest, end)
	require.True(t, ok)
	now := fieldLists()
	if clitest.Updating() {
		require.NoError(t, os.WriteFile(jsonDoc, []byte(before+begin+now+end+after), 0o644))
		return
	}
	require.Equal(t, was, now)
}

func fieldLists() string {
	var b strings.Builder
	list := func(title string, values []any) {
		b.WriteString("\n### " + title + "\n\n| target | keys |\n|---|---|\n")
		for _, v := range values {
			keys := map[string]bool{}
			addFieldKeys(keys, "", typedFields(filled(reflect.TypeOf(v)).Interface()))
			typ := v.(interface{ Type() string }).Type()
			b.WriteString("| `" + typ + "` | `" + strings.Join(slices.Sorted(maps.Keys(keys)), "` `") + "` |\n")
		}
	}
	list("Fields of a table", targets())
	list("Fields of a status", statuses())
	b.WriteString("\n")
	return b.String()
}

func addFieldKeys(keys map[string]bool, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, below := range v {
			addFieldKeys(keys, strings.TrimPrefix(path+"."+k, "."), below)
		}
	case []any:
		for _, below := range v {
			addFieldKeys(keys, path+"[]", below)
		}
	default:
		keys[path] = true
	}
}

// filled returns a value of typ in which nothing is zero, slices have an
// element and pointers point somewhere, so that all keys show.
func filled(typ reflect.Type) reflect.Value {
	v := reflect.New(typ).Elem()
	switch typ.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Uint64:
		v.SetUint(1)
	case reflect.Struct:
		for i := range typ.NumField() {
			if typ.Field(i).IsExported() {
				v.Field(i).Set(filled(typ.Field(i).Type))
			}
		}
	case reflect.Slice:
		v.Set(reflect.Append(v, filled(typ.Elem())))
	case reflect.Pointer:
		v.Set(reflect.New(typ.Elem()))
		v.Elem().Set(filled(typ.Elem()))
	}
	return v
}

func targets() []any {
	return []any{
		dm.Linear{}, dm.Striped{}, dm.Unstriped{}, dm.Switch{}, dm.Zero{}, dm.ErrorTarget{}, dm.Delay{}, dm.Flakey{},
		dm.Dust{}, dm.LogWrites{}, dm.Crypt{}, dm.Verity{}, dm.Integrity{}, dm.ThinPool{}, dm.Thin{}, dm.Snapshot{},
		dm.SnapshotMerge{}, dm.SnapshotOrigin{}, dm.Mirror{}, dm.Raid{}, dm.Cache{}, dm.Writecache{}, dm.Clone{}, dm.Era{},
	}
}

func statuses() []any {
	return []any{
		dm.StripedStatus{}, dm.DelayStatus{}, dm.DustStatus{}, dm.LogWritesStatus{}, dm.VerityStatus{}, dm.IntegrityStatus{},
		dm.ThinPoolStatus{}, dm.ThinStatus{}, dm.SnapshotStatus{}, dm.SnapshotMergeStatus{}, dm.MirrorStatus{},
		dm.RaidStatus{}, dm.CacheStatus{}, dm.WritecacheStatus{}, dm.CloneStatus{}, dm.EraStatus{},
	}
}

// requireAllTypes fails where package dm has a target or a status that the
// lists above lack.
func requireAllTypes(t *testing.T) {
	t.Helper()
	listed := map[string]bool{"Raw": true, "RawStatus": true}
	for _, v := range slices.Concat(targets(), statuses()) {
		listed[reflect.TypeOf(v).Name()] = true
	}
	paths, err := filepath.Glob("../../dm/*.go")
	require.NoError(t, err)
	found := 0
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Recv == nil || f.Name.Name != "AppendParams" && f.Name.Name != "AppendStatus" {
				continue
			}
			if name, ok := f.Recv.List[0].Type.(*ast.Ident); ok && name.IsExported() {
				require.True(t, listed[name.Name], "dm.%s is not in the lists of this test", name.Name)
				found++
			}
		}
	}
	require.Greater(t, found, 20)
}

func TestSnakeCase(t *testing.T) {
	for in, want := range map[string]string{
		"Dev": "dev", "UsedDataBlocks": "used_data_blocks", "TransactionID": "transaction_id", "IVOffset": "iv_offset",
		"SameCPUCrypt": "same_cpu_crypt", "COW": "cow", "IVLargeSectors": "iv_large_sectors", "SubmitFromCryptCPUs": "submit_from_crypt_cpus",
	} {
		require.Equal(t, want, snakeCase(in))
	}
}
