#!/bin/bash
# histories.sh: random histories of maps, HISTORIES (2000) on each store: of sessions and collectors, and of all that
# package composer does; in memory, in a directory, through a daemon, on S3 with and without versions. TMPDIR in memory
# makes the directories quick.
set -euo pipefail
cd "$(dirname "$0")/.."
export CGO_ENABLED=0 ROK_TEST_HISTORIES=${HISTORIES:-2000} ROK_COMPOSER_HISTORIES=${HISTORIES:-2000}

# play prints what was done, and what failed.
play() {
	echo "== $*"
	go test -count=1 -timeout 0 -v "$@" 2>&1 | grep -avE '^=== (RUN|PAUSE|CONT)|^ +--- PASS|superfluous response'
}
play -run '^TestModel(Dir|OfASilentBucket|Daemon)?$' ./store ./store/daemon ./composer
cd internal/s3test
play -run '^Test(Composer)?Model$' .
