package lvm

import (
	"context"
)

// ActivateOptions say how LVs become devices.
type ActivateOptions struct {
	Mode       ActivationMode
	ReadOnly   bool // let nobody write to them
	IgnoreSkip bool // also those that say that they are skipped
}

// Activate makes the named LVs of a VG devices; nil names all of its volumes.
func (s *System) Activate(ctx context.Context, vg string, lvs []string, o ActivateOptions) (*Change, error) {
	return nil, nil
}

// Deactivate removes the devices of the named LVs; nil names all volumes.
func (s *System) Deactivate(ctx context.Context, vg string, lvs []string) (*Change, error) {
	return nil, nil
}

// States tells what the kernel has of the LVs of a VG, for reports. It is nil
// where the kernel is not asked.
func (s *System) States(vg *VG) (func(*LV) DeviceState, error) { return nil, nil }
