#!/bin/bash
# ring.sh NAME ARGS...: runs "go test -v ARGS", prints what go test prints without -v,
# and adds one line to .cache/test/summary. The whole output is in .cache/test/NAME.log.
# ROK_MODULE is the directory of a module below the project's.
set -euo pipefail
cd "$(dirname "$0")/.."
name=$1
shift
dir=.cache/test
mkdir -p $dir
echo "== $name"
status=0
at=() # go wants -C in front
[ "${1:-}" = -C ] && at=(-C "$2") && shift 2
go test "${at[@]}" -v "$@" 2>&1 | tee "$dir/$name.log" | awk -v name="$name" -v summary="$dir/summary" -f scripts/ring.awk || status=$?
exit $status
