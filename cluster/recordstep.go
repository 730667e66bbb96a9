package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// InventoryFile is the name of the file, in the state directory, in which upgrade-node notes the
// node's stores and maps.
const InventoryFile = "inventory.json"

// Inventory is the stores that a node uses, and their maps, when its upgrade began.
type Inventory struct {
	Format int           `json:"v"`
	Stores []StoreRecord `json:"stores"`
}

// StoreRecord is a store and its maps.
type StoreRecord struct {
	Address string      `json:"address"` // without credentials
	Maps    []MapRecord `json:"maps"`
}

// MapRecord is a map: enough to see after the upgrade that it is there still.
type MapRecord struct {
	Name    string `json:"name"`
	Version int    `json:"version"`         // 0 where it could not be opened
	Size    uint64 `json:"size"`            // of the volume, in bytes
	Error   string `json:"error,omitempty"` // why it could not be opened
}

// RecordStep notes the node's stores and registered maps. take reads them, and writes nothing.
func RecordStep(dir string, take func(context.Context) ([]StoreRecord, error)) Step {
	path := filepath.Join(dir, InventoryFile)
	read := func() (Inventory, error) {
		var i Inventory
		text, err := os.ReadFile(path)
		if err == nil {
			err = parse(text, &i)
		}
		return i, err
	}
	return Step{
		Name:  "inventory",
		Help:  "note the node's stores and maps in " + path,
		Check: func(context.Context) (bool, error) { return false, nil },
		Do: func(ctx context.Context) error {
			stores, err := take(ctx)
			if err != nil {
				return err
			}
			text, err := json.MarshalIndent(Inventory{format, stores}, "", "  ")
			if err != nil {
				return err
			}
			return writeFile(path, append(text, '\n'), 0o600)
		},
		Verify: func(context.Context) error {
			if _, err := read(); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			return nil
		},
		Undo: func(context.Context, json.RawMessage) error {
			if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			return nil
		},
	}
}
