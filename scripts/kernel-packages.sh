#!/bin/bash
# kernel-packages.sh: prints the packages that have kernel tests, as ./path; those of
# $PKG where that is set.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -n "${PKG:-}" ]; then
	printf '%s\n' $PKG
	exit
fi
grep -rlE --include='*_test.go' '^func TestKernel' . | xargs -r -n1 dirname | sort -u
