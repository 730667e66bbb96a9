# Shows a package's output only when it failed, and then not that of tests that did
# not; counts tests; says why one was skipped.
BEGIN { start = systime() }
/^=== RUN +[^\/]*$/ { mark = length(held); alone = 1; next }
/^=== (PAUSE|CONT)/ { alone = 0 } # parallel tests: the output is mixed
/^--- PASS:/ { pass++ }
/^--- FAIL:/ { fail++; alone = 0 }
/^--- SKIP:/ { skip++; why[$3] = last }
/^--- (PASS|SKIP):/ { if (alone) held = substr(held, 1, mark); next }
/^ +[a-z0-9_]+\.go:[0-9]+: / { last = $0; sub(/^ *[^ ]* /, "", last) }
/^ok / || /^\? / || /^\t.*coverage: / { print; held = ""; packages += /^ok /; next }
/^FAIL\t/ { printf "%s", held; print; held = ""; failed++; packages++; next }
/^=== / || /^ *--- (PASS|SKIP)/ { next }
{ held = held $0 "\n" }
END {
	if (held !~ /^(FAIL\n)?$/) printf "%s", held
	for (test in why) if (name !~ /^pure/) printf "skipped %s: %s\n", test, why[test]
	printf "%-14s %3d packages, %3d failed; %4d tests passed, %d failed, %d skipped; %d s\n", name, packages, failed, pass, fail, skip, systime() - start >> summary
}
