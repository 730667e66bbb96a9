#!/bin/bash
# crash.sh: power cuts after every write of a commit, on every subset of what was not
# flushed yet, and the process killed instead of each write; lvm2 judges each state that
# differs for a reader, on loop devices. As root. Then 1,000 damaged copies of pools' metadata,
# which thin_check judges, and a pool of 10,000 devices, which a kernel makes in the virtual
# machine.
set -euo pipefail
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "crash.sh: loop devices want root" >&2; exit 1; }
[ -e /dev/loop-control ] || { echo "crash.sh: no loop devices" >&2; exit 1; }
type -p lvm >/dev/null || { echo "crash.sh: no lvm2" >&2; exit 1; }
go test -count=1 -timeout 60m -v -run '^(TestLVM2Judges|TestKilled$|TestPowerCut)' ./lvm -judge
type -p thin_check >/dev/null || { echo "crash.sh: no thin-provisioning-tools" >&2; exit 1; }
ROK_THIN_COPIES=${ROK_THIN_COPIES:-1000} go test -count=1 -timeout 30m -v -run '^TestDamagedCopies$' ./thin/metadata
make -s build
ROK_THIN_DEVICES=${ROK_THIN_DEVICES:-10000} go test -count=1 -timeout 20m -v -exec "$PWD/bin/vmrun" -run '^TestKernelThinManyDevices$' ./cmd/rok
