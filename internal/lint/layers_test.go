package lint

import (
	"slices"
	"strings"
	"testing"
)

// layer is what a package may import of the project's others.
type layer struct {
	imports []string
	tests   []string // and its tests besides
}

// layers is the graph of ARCHITECTURE.md. What is not here, is not allowed:
// linear and thin do not know each other, and nothing but bench/compare and
// the commands knows both.
var layers = map[string]layer{
	"units":                     {},
	"ioctl":                     {imports: []string{"units"}},
	"internal/dmwire":           {imports: []string{"ioctl"}},
	"dm":                        {imports: []string{"units", "ioctl", "internal/dmwire"}},
	"dm/dmtest":                 {imports: []string{"units", "ioctl", "internal/dmwire", "dm"}},
	"linear":                    {imports: []string{"units", "dm"}, tests: []string{"ioctl"}},
	"thin":                      {imports: []string{"units", "dm"}, tests: []string{"ioctl"}},
	"thin/metadata":             {imports: []string{"units"}},
	"lvm/text":                  {},
	"lvm/disk":                  {imports: []string{"units"}},
	"lvm/host":                  {imports: []string{"units", "ioctl", "lvm/text"}},
	"lvm":                       {imports: []string{"units", "ioctl", "dm", "linear", "thin", "thin/metadata", "lvm/text", "lvm/disk", "lvm/host"}},
	"conf":                      {imports: []string{"units", "internal/nearest"}},
	"maps":                      {imports: []string{"units"}},
	"store":                     {imports: []string{"units", "maps", "internal/nearest"}, tests: []string{"internal/cli"}},
	"store/storetest":           {imports: []string{"units", "maps", "store"}},
	"store/storetest/model":     {imports: []string{"units", "maps", "store", "store/storetest"}},
	"composer":                  {imports: []string{"units", "ioctl", "maps", "store"}},
	"store/s3":                  {imports: []string{"store"}},
	"store/daemon":              {imports: []string{"store"}},
	"store/daemon/daemontest":   {imports: []string{"store", "store/daemon"}},
	"cluster/kv":                {},
	"cluster":                   {imports: []string{"units", "conf", "cluster/kv", "internal/nearest"}},
	"cluster/kv/rules":          {imports: []string{"cluster/kv"}},
	"cluster/kv/kvtest":         {imports: []string{"cluster/kv", "cluster/kv/rules"}},
	"cluster/kv/etcd":           {imports: []string{"cluster/kv"}},
	"cluster/kv/bolt":           {imports: []string{"ioctl", "cluster/kv", "cluster/kv/rules"}},
	"pool":                      {imports: []string{"units", "ioctl", "dm", "thin", "thin/metadata", "lvm", "conf"}, tests: []string{"lvm/host"}},
	"bench/hist":                {imports: []string{"units"}},
	"bench/pattern":             {imports: []string{"units"}},
	"bench/stat":                {},
	"bench/engine":              {imports: []string{"units", "ioctl"}},
	"bench":                     {imports: []string{"units", "ioctl", "bench/engine", "bench/hist", "bench/pattern", "bench/stat"}},
	"bench/compare":             {imports: []string{"units", "ioctl", "dm", "linear", "thin", "thin/metadata", "bench", "bench/engine", "bench/hist", "bench/stat"}},
	"internal/nearest":          {},
	"internal/cli":              {imports: []string{"units", "conf", "internal/nearest"}},
	"internal/vm":               {},
	"internal/testenv":          {imports: []string{"units", "ioctl"}},
	"internal/testenv/gptdisk":  {imports: []string{"units", "ioctl", "internal/testenv"}},
	"internal/lint":             {},
	"internal/interop":          {tests: []string{"units", "ioctl", "lvm", "lvm/host"}},
	"cmd/rok":                   {imports: []string{"units", "ioctl", "dm", "linear", "thin", "thin/metadata", "bench", "bench/engine", "bench/hist", "bench/stat", "bench/compare", "lvm", "lvm/disk", "lvm/host", "internal/cli", "lvm/text", "internal/nearest", "conf", "pool"}},
	"cmd/rok-cluster":           {imports: []string{"units", "conf", "maps", "store", "store/s3", "store/daemon", "composer", "cluster", "cluster/kv", "cluster/kv/bolt", "cluster/kv/etcd", "internal/cli", "internal/nearest"}},
	"cmd/vmrun":                 {imports: []string{"internal/vm", "internal/nearest"}},
	"internal/peers/emptycobra": {},
	"internal/peers":            {imports: []string{"units", "maps", "store", "lvm", "ioctl", "dm", "linear", "thin", "thin/metadata", "bench", "bench/engine", "bench/hist", "bench/stat"}},
	".":                         {imports: []string{"units", "dm", "linear", "thin", "bench"}},
	"internal/cli/clitest":      {},
}

// testing-only packages, which any test may import.
var forTests = []string{"internal/testenv", "internal/testenv/gptdisk", "dm/dmtest", "internal/cli/clitest", "store/storetest", "store/storetest/model", "store/daemon/daemontest", "cluster/kv/kvtest"}

func layering(s *source) (faults []string) {
	l, known := layers[s.dir]
	if !known {
		return []string{s.fault(s.file.Package, "package %s has no layer: give it a line in internal/lint/layers_test.go and in ARCHITECTURE.md", s.dir)}
	}
	for p, at := range s.imports() {
		p, own := strings.CutPrefix(p+"/", module+"/")
		p = strings.TrimSuffix(p, "/")
		switch {
		case !own, slices.Contains(l.imports, p):
		case s.test() && (p == s.dir || slices.Contains(l.tests, p) || slices.Contains(forTests, p)):
		case slices.Contains(forTests, p):
			faults = append(faults, s.fault(at, "%s imports %s, which is for tests: move what needs it into a _test.go file", s.dir, p))
		default:
			faults = append(faults, s.fault(at, "%s imports %s: a package imports only what is to its left in ARCHITECTURE.md; move the code to where both are known", s.dir, p))
		}
	}
	return faults
}

func TestLayers(t *testing.T) {
	found := map[string]bool{}
	for _, s := range tree(t) {
		found[s.dir] = true
		report(t, layering(s))
	}
	for dir := range layers {
		if !found[dir] {
			t.Errorf("layers has %s, which is no package: take its line away", dir)
		}
	}
}

// What is on the left does not import what is on the right, in the table too.
func TestLayersHaveNoCycle(t *testing.T) {
	done := map[string]bool{}
	var visit func(dir string, path []string)
	visit = func(dir string, path []string) {
		if slices.Contains(path, dir) {
			t.Fatalf("cycle in layers: %s", strings.Join(append(path, dir), " imports "))
		}
		if done[dir] {
			return
		}
		for _, next := range layers[dir].imports {
			if _, known := layers[next]; !known {
				t.Errorf("layers lets %s import %s, which has no line", dir, next)
			}
			visit(next, append(slices.Clone(path), dir))
		}
		done[dir] = true
	}
	for dir := range layers {
		visit(dir, nil)
	}
}
