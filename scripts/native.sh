#!/bin/bash
# native.sh check|build|run: the kernel tests on the running kernel. "build" needs Go,
# "run" only the folder, so that it can be done inside a machine.
set -euo pipefail
cd "$(dirname "$0")/.."
binaries=$PWD/.cache/native

check() {
	[ "$(id -u)" = 0 ] || { echo "native tests need root: run \"sudo make test-native\"" >&2; exit 1; }
	# The node may exist without device-mapper: only opening it tells.
	if ! { : <>/dev/mapper/control; } 2>/dev/null; then
		echo "this kernel has no device-mapper: run \"modprobe dm-mod\", or use \"make test\", which brings a kernel" >&2
		exit 1
	fi
}

# One binary for each package, its folder in the name.
build() {
	rm -rf "$binaries" && mkdir -p "$binaries"
	local p folder
	for p in $(scripts/kernel-packages.sh); do
		folder=${p#./}
		go test -c -o "$binaries/${folder//\//:}.test" "$p"
	done
}

run() {
	check
	local binary folder status=0
	echo "== native, $(uname -r)"
	for binary in "$binaries"/*.test; do
		folder=${binary##*/}
		folder=${folder%.test}
		folder=${folder//:/\/}
		if (cd "$folder" && ROK_TEST_NATIVE=1 "$binary" -test.run '^TestKernel' -test.timeout 10m); then
			printf 'ok  \t%s\n' "$folder"
		else
			printf 'FAIL\t%s\n' "$folder"
			status=1
		fi
	done
	return $status
}

"$1"
