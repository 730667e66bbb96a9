#!/bin/bash
# fuzzhour.sh: the fuzz tests of the LVM decoders in turn, one worker each, of the commit
# that is checked out, until each of them has had its share of $FUZZCPU=3600 seconds of
# processor time (user and system, as the kernel accounts it). $FUZZTURN=120 is how long a
# turn is. Stops at the first finding. What each turn took is in .cache/fuzz/log; what the
# log has of this commit counts, so that a run that was stopped goes on. Another one than
# HEAD is $FUZZCOMMIT, and some of the packages $FUZZPACKAGES.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD/.cache/fuzz
commit=$(git rev-parse --short "${FUZZCOMMIT:-HEAD}")
src=$root/$commit
mkdir -p "$root/cache" "$src"
git archive "$commit" | tar -x -C "$src"
targets=()
for package in ${FUZZPACKAGES:-lvm/text lvm/disk lvm lvm/host}; do
	binary=$src/$(basename "$package").fuzz
	[ -x "$binary" ] || (cd "$src" && go test -c -fuzz=. -o "$binary" "./$package")
	for name in $(grep -ohE '^func Fuzz[A-Za-z0-9_]+' "$src/$package"/*_test.go | cut -c6- | grep -v '^FuzzOps$' | sort); do # operations are no decoders
		targets+=("$package:$name")
	done
done
share=$((${FUZZCPU:-3600} / 13 + 1)) # of 13 targets
declare -A spent
while read -r target cpu; do
	spent[$target]=$((${spent[$target]:-0} + cpu))
done < <(awk -v commit="$commit" '$2 == commit && $5 == "s" { print $3, $4 }' "$root/log" 2>/dev/null || true)
left=${#targets[@]}
while [ "$left" -gt 0 ]; do
	left=0
	for target in "${targets[@]}"; do
		package=${target%:*} name=${target#*:}
		[ "${spent[$target]:-0}" -lt "$share" ] || continue
		TIMEFORMAT='%U %S'
		cpu=$( { time (cd "$src/$package" && nice -n 19 "$src/$(basename "$package").fuzz" -test.run='^$' -test.fuzz="^$name\$" \
			-test.fuzztime="${FUZZTURN:-120}s" -test.parallel=1 -test.fuzzminimizetime=1s -test.fuzzcachedir="$root/cache/$package" >"$src/out" 2>&1); } 2>&1 ) || {
			echo "$commit $target: finding" | tee -a "$root/log"
			tail -60 "$src/out"
			exit 1
		}
		cpu=$(awk '{ printf "%d", $1 + $2 + 0.5 }' <<<"$cpu")
		spent[$target]=$((${spent[$target]:-0} + cpu))
		echo "$(date -u +%T) $commit $target $cpu s of processor time, ${spent[$target]} of $share: $(grep -o 'execs: [0-9]*' "$src/out" | tail -1), $(grep -oE '(total: [0-9]+)' "$src/out" | tail -1) inputs" | tee -a "$root/log"
		[ "${spent[$target]}" -ge "$share" ] || left=$((left + 1))
	done
done
echo "$commit: ${#targets[@]} targets, $share s of processor time each, nothing found" | tee -a "$root/log"
