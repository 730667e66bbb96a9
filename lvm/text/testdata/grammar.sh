#!/bin/bash
# grammar.sh: prints what lvm2 makes of each line of grammar.cases: the line, and
# behind it lvmconfig's lines of the section g that has it, or "error".
set -u
cd "$(dirname "$0")"
export LVM_SYSTEM_DIR LVM_SUPPRESS_FD_WARNINGS=1
LVM_SYSTEM_DIR=$(mktemp -d)
echo "# $(lvm version 2>/dev/null | sed -n 's/^ *LVM version: */lvm2 /p'), grammar.sh"
while IFS= read -r line; do
	echo "== $line"
	printf 'config/checks=0\ng {\n%s\n}\n' "$line" >"$LVM_SYSTEM_DIR/lvm.conf"
	if out=$(lvmconfig 2>/dev/null) && [ -n "$out" ]; then
		sed '/^config {/,/^}/d' <<<"$out"
	else
		echo error
	fi
done <grammar.cases
rm -rf "$LVM_SYSTEM_DIR"
