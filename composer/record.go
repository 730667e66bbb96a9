package composer

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/rok-storage/rok/ioctl"
)

// record is a file that a line is added to for each map that was upgraded or restored, or could not be.
// The nil record keeps nothing.
type record struct {
	path string
	now  func() time.Time
}

// record is that of a request.
func (r *UpgradeRequest) record() *record {
	if r.StateDir == "" || r.DryRun {
		return nil
	}
	now := r.Now
	if now == nil {
		now = time.Now
	}
	return &record{filepath.Join(r.StateDir, "map-upgrade.jsonl"), now}
}

// recordLine is a line of the record.
type recordLine struct {
	Time   time.Time `json:"time"`
	Map    string    `json:"map"`
	State  State     `json:"state"`
	From   [2]int    `json:"from"` // version and degree
	To     [2]int    `json:"to"`
	Backup string    `json:"backup,omitempty"`
	Error  string    `json:"error,omitempty"`
}

// add adds a line, which is durable when it returns. A map that is as it is to be needs none.
func (r *record) add(u Upgraded) error {
	if r == nil || u.State == Already {
		return nil
	}
	line := recordLine{
		Time: r.now().UTC(), Map: u.Name, State: u.State, From: [2]int{u.From.Version, u.From.Degree},
		To: [2]int{u.To.Version, u.To.Degree}, Backup: u.Backup,
	}
	if u.Err != nil {
		line.Error = u.Err.Error()
	}
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(r.path), 0o700); err != nil {
		return err
	}
	f, err := ioctl.OpenFile(r.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	return errors.Join(err, f.Sync(), f.Close())
}
