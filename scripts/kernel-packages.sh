#!/bin/bash
# kernel-packages.sh: prints the packages that have kernel tests, as ./path.
set -euo pipefail
cd "$(dirname "$0")/.."
grep -rlE --include='*_test.go' '^func TestKernel' . | xargs -r -n1 dirname | sort -u
