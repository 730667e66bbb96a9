//go:build !linux

package ioctl

import (
	"context"
	"crypto/rand"
	"errors"
	"os"

	"github.com/rok-storage/rok/units"
)

// What only Linux has. Everything here fails with [errors.ErrUnsupported]; it
// is there so that packages whose values are useful everywhere compile
// everywhere.

// Control is the open control node of device-mapper.
type Control struct{}

// OpenControl fails.
func OpenControl(string) (*Control, error) { return nil, errors.ErrUnsupported }

// Ioctl fails.
func (*Control) Ioctl(Cmd, *Buffer) error { return errors.ErrUnsupported }

// Reopen fails.
func (*Control) Reopen() (*Control, error) { return nil, errors.ErrUnsupported }

// Wait fails.
func (*Control) Wait(context.Context) error { return errors.ErrUnsupported }

// Close fails.
func (*Control) Close() error { return errors.ErrUnsupported }

// Semaphore is a System V semaphore set with one semaphore.
type Semaphore struct{}

// CreateSemaphore fails.
func CreateSemaphore(int32, int) (*Semaphore, error) { return nil, errors.ErrUnsupported }

// Key is zero.
func (*Semaphore) Key() int32 { return 0 }

// Value fails.
func (*Semaphore) Value() (int, error) { return 0, errors.ErrUnsupported }

// Add fails.
func (*Semaphore) Add(int) error { return errors.ErrUnsupported }

// WaitZero fails.
func (*Semaphore) WaitZero(context.Context) error { return errors.ErrUnsupported }

// Remove fails.
func (*Semaphore) Remove() error { return errors.ErrUnsupported }

// DeviceSize fails.
func DeviceSize(*os.File) (units.Bytes, error) { return 0, errors.ErrUnsupported }

// MakeBlockNode fails.
func MakeBlockNode(string, uint64) error { return errors.ErrUnsupported }

// NodeDev fails.
func NodeDev(string) (uint64, error) { return 0, errors.ErrUnsupported }

// DialSocket fails.
func DialSocket(string) error { return errors.ErrUnsupported }

// FlushBuffers fails.
func FlushBuffers(*os.File) error { return errors.ErrUnsupported }

// ReadAhead fails.
func ReadAhead(*os.File) (units.Sectors, error) { return 0, errors.ErrUnsupported }

// SetReadAhead fails.
func SetReadAhead(*os.File, units.Sectors) error { return errors.ErrUnsupported }

// LockMemory fails.
func LockMemory() error { return errors.ErrUnsupported }

// UnlockMemory fails.
func UnlockMemory() error { return errors.ErrUnsupported }

// TryLock fails.
func TryLock(*os.File, bool) (bool, error) { return false, errors.ErrUnsupported }

// Lock fails.
func Lock(context.Context, *os.File, bool) error { return errors.ErrUnsupported }

// TryLockDescriptor fails.
func TryLockDescriptor(int, bool) (bool, error) { return false, errors.ErrUnsupported }

// LockDescriptor fails.
func LockDescriptor(context.Context, int, bool) error { return errors.ErrUnsupported }

// Unlock fails.
func Unlock(*os.File) error { return errors.ErrUnsupported }

// ReadOnce fails.
func ReadOnce(string, []byte) (int, error) { return 0, errors.ErrUnsupported }

// DirNames fails.
func DirNames(string) ([]string, error) { return nil, errors.ErrUnsupported }

// OpenFile fails.
func OpenFile(string, int, os.FileMode) (*os.File, error) { return nil, errors.ErrUnsupported }

// ReadFile fails.
func ReadFile(string) ([]byte, error) { return nil, errors.ErrUnsupported }

// ReadRandom fills b as crypto/rand does.
func ReadRandom(b []byte) { _, _ = rand.Read(b) } // never fails
