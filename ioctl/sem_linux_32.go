//go:build linux && (386 || arm || mips || mipsle)

package ioctl

import "golang.org/x/sys/unix"

const semTimedOpNumber = unix.SYS_SEMTIMEDOP_TIME64
