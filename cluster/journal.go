package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// journal is how far the steps of a node's upgrade came. It is on disk after each change.
type journal struct {
	Format  int            `json:"v"`
	Version string         `json:"version"`
	Steps   []journalEntry `json:"steps"`

	path string
}

type journalEntry struct {
	Step   string          `json:"step"`
	State  string          `json:"state"` // "begun" or "done"
	Before json.RawMessage `json:"before,omitempty"`
}

func journalPath(dir, version string) string {
	return filepath.Join(dir, "upgrade-v"+version+".json")
}

// openJournal reads a journal; one that is not there is empty.
func openJournal(dir, version string) (*journal, error) {
	j := &journal{Format: format, Version: version, path: journalPath(dir, version)}
	text, err := os.ReadFile(j.path)
	if errors.Is(err, fs.ErrNotExist) {
		return j, nil
	}
	if err != nil {
		return nil, err
	}
	if err := parse(text, j); err != nil {
		return nil, fmt.Errorf("%s: %w", j.path, err)
	}
	if j.Version != version {
		return nil, fmt.Errorf("%s: is of version %q: %w", j.path, j.Version, ErrDamaged)
	}
	return j, nil
}

func (j *journal) find(step string) *journalEntry {
	for i := range j.Steps {
		if j.Steps[i].Step == step {
			return &j.Steps[i]
		}
	}
	return nil
}

func (j *journal) write() error {
	text, err := json.MarshalIndent(j, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(j.path, append(text, '\n'), 0o600)
}
