#!/bin/bash
# lint.sh: staticcheck, in the version that internal/tools pins. The project's own
# rules are tests of internal/lint.
set -euo pipefail
cd "$(dirname "$0")/.."
tool=$PWD/.cache/tools/staticcheck
stamp=$tool.$(cat internal/tools/go.sum | sha256sum | cut -c1-16)
if [ ! -x "$tool" ] || [ ! -f "$stamp" ]; then
	echo "building staticcheck (once)"
	rm -f "$tool".*
	(cd internal/tools && go build -o "$tool" honnef.co/go/tools/cmd/staticcheck)
	touch "$stamp"
fi
"$tool" ./...
