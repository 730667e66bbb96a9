package composer_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/storetest"
)

// TestModel plays random histories of a store, and compares it with what was acknowledged. Their number is that of
// ROK_COMPOSER_HISTORIES; ROK_COMPOSER_HISTORY is the seed of a single one.
func TestModel(t *testing.T) {
	first, count := uint64(1), uint64(60)
	if testing.Short() {
		count = 20
	}
	if n, err := strconv.ParseUint(os.Getenv("ROK_COMPOSER_HISTORIES"), 10, 64); err == nil {
		count = n
	}
	if n, err := strconv.ParseUint(os.Getenv("ROK_COMPOSER_HISTORY"), 10, 64); err == nil {
		first, count = n, 1
	}
	for _, test := range []struct {
		name  string
		open  func(t *testing.T) store.Bucket
		count uint64
	}{
		{"Memory", func(*testing.T) store.Bucket { return &storetest.Memory{} }, count},
		{"Dir", func(t *testing.T) store.Bucket {
			b, err := store.NewDir(t.TempDir(), store.DirOptions{Create: true})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, b.Close()) })
			return b
		}, (count + 14) / 15},
	} {
		t.Run(test.name, func(t *testing.T) {
			did := map[string]int{}
			for seed := first; seed < first+test.count; seed++ {
				t.Run(fmt.Sprint(seed), func(t *testing.T) { playHistory(t, seed, test.open(t), did) })
			}
			t.Logf("seeds %d to %d: %v", first, first+test.count-1, did)
			if test.count >= 50 { // it is no test where nothing of the kind happens
				for _, what := range []string{
					"register", "update", "upgrade", "restore", "label", "remove", "verify", "damage", "healed", "collect", "delete backups",
					"killed", "between", "freed", "backup removed",
				} {
					require.Positive(t, did[what], what)
				}
			}
		})
	}
}
