#!/bin/bash
# rings.sh RING...: builds the programs, runs rings of tests one after the other, all of
# them even if one fails, and prints a summary. Fails if one failed.
set -uo pipefail
cd "$(dirname "$0")/.."
export CGO_ENABLED=0 # but for -race, which needs it
summary=.cache/test/summary
mkdir -p .cache/test
: >$summary
started=$(date +%s)
failed=()

# gofmt, go vet and staticcheck.
check() {
	local files
	echo "== check"
	files=$(gofmt -l $(git ls-files '*.go')) || return 1
	[ -z "$files" ] || { echo "not gofmt-ed: $files" >&2; return 1; }
	make -s vet && scripts/lint.sh
}

# kernel LANE ARGS...: one machine for each package; two at a time is one per core.
kernel() {
	local lane=$1
	shift
	scripts/ring.sh "kernel $lane" -count=1 -p 2 -exec "$PWD/bin/vmrun -kernel $lane" "$@" $(scripts/kernel-packages.sh)
}

# histogram NAME ARGS...: random operations, and what they were, which is worth seeing
# also where they all passed.
histogram() {
	local name=$1 status=0
	shift
	scripts/ring.sh "$name" -count=1 "$@" ./internal/interop || status=$?
	grep -ahE '^ *--- (PASS|FAIL): Test[A-Za-z]+/seed|operations in|^ +[a-z, -]+ lvm2 +[0-9]+ +rok' ".cache/test/$name.log"
	return $status
}

# nested runs the tests of the modules below internal that have some, one build at a time:
# servers are large.
nested() {
	local mod dir status=0
	export ROK_VERSITYGW=$PWD/.cache/tools/versitygw
	for mod in internal/*/go.mod; do
		dir=${mod%/go.mod}
		compgen -G "$dir/*_test.go" >/dev/null || continue
		scripts/ring.sh "nested ${dir##*/}" -C "$dir" -p 1 -timeout 20m ./... || status=1
	done
	return $status
}

# ROK_MACHINE: the machine's own tests boot it, and may not skip here.
ring() {
	case $1 in
	check) check ;;
	pure) ROK_MACHINE=uml scripts/ring.sh pure ./... ;;
	nested) nested ;;
	kernel-*) kernel "${1#kernel-}" -run '^TestKernel' -timeout 20m ;;
	race) CGO_ENABLED=1 scripts/ring.sh "pure race" -race -timeout 30m ./... ;;
	race-6.12) CGO_ENABLED=1 kernel 6.12 -race -timeout 20m ;;
	native) scripts/native.sh build && scripts/native.sh run ;;
	native-vm) scripts/native.sh build &&
		bin/vmrun -kernel 6.12 -timeout 20m env -u VMRUN scripts/native.sh run ;;
	interop) ROK_INTEROP_OPERATIONS=${ROK_INTEROP_OPERATIONS:-2000} histogram interop -timeout 90m -run '^Test(Random|Histories)$' ;;
	interop-uml) ROK_INTEROP_OPERATIONS=${ROK_INTEROP_KERNEL_OPERATIONS:-300} histogram interop-uml -timeout 60m -run '^TestKernelInterop$' -exec "$PWD/bin/vmrun" ;;
	*) echo "rings.sh: unknown ring $1" >&2; return 1 ;;
	esac
}

make -s build || exit 1
for r in "$@"; do
	ring "$r" || { failed+=("$r"); echo "$r: failed" >>$summary; }
done
echo "== summary, $(($(date +%s) - started)) s"
cat $summary
[ ${#failed[@]} = 0 ] && echo "all passed: $*" && exit 0
echo "FAILED: ${failed[*]}" && exit 1
