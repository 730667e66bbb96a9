#!/bin/bash
# go-version.sh: says in one line what to do where Go is missing or older than go.mod.
set -euo pipefail
cd "$(dirname "$0")/.."
want=$(awk '$1 == "go" {print $2; exit}' go.mod)
get="get it from go.dev/dl, and put its bin folder in PATH"
have=$(cd / && GOTOOLCHAIN=local go env GOVERSION 2>/dev/null) ||
	{ echo "rok needs Go $want or later, and there is no go command: $get" >&2; exit 1; }
have=${have#go}
[ "$(printf '%s\n' "$want" "${have%% *}" | sort -V | head -1)" = "$want" ] ||
	{ echo "rok needs Go $want or later, and this is Go $have: $get" >&2; exit 1; }
