package dm

// ParseTarget reads the parameters of a table line into the type that the
// package has for the target, or into [Raw] where it has none. The error is a
// [*ParamsError]. Whatever it accepts, AppendParams prints back byte for byte.
func ParseTarget(typ, params string) (Target, error) {
	switch typ {
	case "linear":
		return parseLinear(params)
	case "striped":
		return parseStriped(params)
	case "unstriped":
		return parseUnstriped(params)
	case "switch":
		return parseSwitch(params)
	case "zero":
		return parseZero(params)
	case "error":
		return parseError(params)
	case "delay":
		return parseDelay(params)
	case "flakey":
		return parseFlakey(params)
	case "dust":
		return parseDust(params)
	case "log-writes":
		return parseLogWrites(params)
	case "crypt":
		return parseCrypt(params)
	case "verity":
		return parseVerity(params)
	case "integrity":
		return parseIntegrity(params)
	case "thin-pool":
		return parseThinPool(params)
	case "thin":
		return parseThin(params)
	case "snapshot":
		return parseSnapshot(typ, params)
	case "snapshot-merge":
		t, err := parseSnapshot(typ, params)
		return SnapshotMerge{t}, err
	case "snapshot-origin":
		return parseSnapshotOrigin(params)
	case "mirror":
		return parseMirror(params)
	case "raid":
		return parseRaid(params)
	case "cache":
		return parseCache(params)
	case "writecache":
		return parseWritecache(params)
	case "clone":
		return parseClone(params)
	case "era":
		return parseEra(params)
	}
	return Raw{Name: typ, Params: params}, nil
}

// ParseStatus reads the parameters of a status line into the type that the
// package has for the target's status, or into [RawStatus] where it has none.
// The error is a [*ParamsError]. Whatever it accepts, AppendStatus prints back
// byte for byte.
func ParseStatus(typ, params string) (Status, error) {
	switch typ {
	case "striped":
		return parseStripedStatus(params)
	case "delay":
		return parseDelayStatus(params)
	case "dust":
		return parseDustStatus(params)
	case "log-writes":
		return parseLogWritesStatus(params)
	case "verity":
		return parseVerityStatus(params)
	case "integrity":
		return parseIntegrityStatus(params)
	case "thin-pool":
		return parseThinPoolStatus(params)
	case "thin":
		return parseThinStatus(params)
	case "snapshot":
		return parseSnapshotStatus(typ, params)
	case "snapshot-merge":
		s, err := parseSnapshotStatus(typ, params)
		return SnapshotMergeStatus{s}, err
	case "mirror":
		return parseMirrorStatus(params)
	case "raid":
		return parseRaidStatus(params)
	case "cache":
		return parseCacheStatus(params)
	case "writecache":
		return parseWritecacheStatus(params)
	case "clone":
		return parseCloneStatus(params)
	case "era":
		return parseEraStatus(params)
	}
	return RawStatus{Name: typ, Params: params}, nil
}
