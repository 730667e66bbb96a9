# Shows a package's output only when it failed; counts tests; says why one was skipped.
BEGIN { start = systime() }
/^--- PASS:/ { pass++ }
/^--- FAIL:/ { fail++ }
/^--- SKIP:/ { skip++; why[$3] = last }
/^    [^ ].*_test\.go:[0-9]+: / || /^    [a-z]+\.go:[0-9]+: / { last = $0; sub(/^ *[^ ]* /, "", last) }
/^ok / || /^\? / || /^\t.*coverage: / { print; held = ""; packages += /^ok /; next }
/^FAIL\t/ { printf "%s", held; print; held = ""; failed++; packages++; next }
/^=== (RUN|PAUSE|CONT|NAME)/ || /^ *--- (PASS|SKIP)/ { next }
{ held = held $0 "\n" }
END {
	if (held !~ /^(FAIL\n)?$/) printf "%s", held
	for (test in why) if (name !~ /^pure/) printf "skipped %s: %s\n", test, why[test]
	printf "%-14s %3d packages, %3d failed; %4d tests passed, %d failed, %d skipped; %d s\n", name, packages, failed, pass, fail, skip, systime() - start >> summary
}
