package lvm

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/rok-storage/rok/dm"
)

// kernel is device-mapper, opened when it is first needed.
type kernel struct {
	mu     sync.Mutex
	conn   *dm.Conn
	absent bool // there is none on the machine
}

func (k *kernel) close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.conn == nil {
		return nil
	}
	conn := k.conn
	k.conn = nil
	return conn.Close()
}

// dm returns the connection to device-mapper, or nil where there is none: then
// no LV is active, and none can be.
func (s *System) dm() (*dm.Conn, error) {
	if s.cfg.Offline {
		return nil, nil
	}
	k := &s.kernel
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.conn != nil || k.absent {
		return k.conn, nil
	}
	conn, err := s.cfg.OpenDM()
	switch {
	case err == nil:
		k.conn = conn
	case errors.Is(err, errors.ErrUnsupported):
		k.absent = true
	case errors.Is(err, fs.ErrNotExist) && !s.mappedDevices():
		k.absent = true
	default:
		return nil, err
	}
	return conn, nil
}

// mappedDevices reports whether the machine has devices of device-mapper. In a
// container its node may be missing, and LVs be active all the same.
func (s *System) mappedDevices() bool {
	entries, err := os.ReadDir(filepath.Join(s.sys(), "block"))
	if err != nil {
		return false
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "dm-") {
			return true
		}
	}
	return false
}
