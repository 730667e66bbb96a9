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
	case "thin-pool":
		return parseThinPool(params)
	case "thin":
		return parseThin(params)
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
	case "thin-pool":
		return parseThinPoolStatus(params)
	case "thin":
		return parseThinStatus(params)
	}
	return RawStatus{Name: typ, Params: params}, nil
}
