#!/bin/bash
# fuzz.sh: every fuzz test for $FUZZTIME; go test fuzzes one at a time.
set -euo pipefail
cd "$(dirname "$0")/.."
grep -rE --include='*_test.go' -o '^func Fuzz[A-Za-z0-9_]+' . | sort | while IFS=: read -r file function; do
	name=${function#func }
	echo "== $name in $(dirname "$file")"
	go test -run '^$' -fuzz "^$name\$" -fuzztime "${FUZZTIME:-30s}" "$(dirname "$file")" </dev/null
done
