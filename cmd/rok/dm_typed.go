package main

import (
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/units"
)

// typedFields turns a target or a status of package dm into what JSON shows:
// its fields by name in lower case, quantities with their unit in the name.
// It returns nil for a line that is text to rok.
//
// docs/json.md lists the names, and a test compares: renaming a field there
// breaks a promise.
func typedFields(v any) map[string]any {
	switch v.(type) {
	case dm.Raw, dm.RawStatus:
		return nil
	}
	fields := map[string]any{}
	addFields(fields, reflect.ValueOf(v))
	if extra, ok := fields["extra"].(string); ok {
		fields["extra"] = strings.TrimSpace(extra) // kernels print a blank at the end
	}
	return fields
}

func addFields(fields map[string]any, v reflect.Value) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		switch {
		case f.Anonymous:
			addFields(fields, v.Field(i))
		case f.Name == "Fields": // how many words this kernel prints: no news about the device
		case f.IsExported():
			unit, value := typedValue(v.Field(i))
			name := snakeCase(f.Name)
			fields[withUnit(name, unit)] = value
		}
	}
}

// withUnit adds the unit to a name that does not say it: "last_sector" does.
func withUnit(name, unit string) string {
	if strings.HasSuffix(name, unit) || unit == "_sectors" && strings.Contains("_"+name, "_sector") {
		return name
	}
	return name + unit
}

// typedValue returns what JSON shows for v, and the unit for its name.
func typedValue(v reflect.Value) (unit string, value any) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			unit, _ := typedValue(reflect.Zero(v.Type().Elem()))
			return unit, nil
		}
		return typedValue(v.Elem())
	}
	switch x := v.Interface().(type) {
	case units.Sectors:
		return "_sectors", uint64(x)
	case units.Bytes:
		return "_bytes", uint64(x)
	case time.Duration:
		return "_ms", x.Milliseconds()
	case dm.BlockDev:
		if x.IsZero() {
			return "", nil
		}
		return "", x.String()
	case fmt.Stringer:
		return "", x.String()
	}
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		list := make([]any, v.Len())
		for i := range list {
			_, list[i] = typedValue(v.Index(i))
		}
		unit, _ := typedValue(reflect.Zero(v.Type().Elem()))
		return unit, list
	case reflect.Struct:
		fields := map[string]any{}
		addFields(fields, v)
		return "", fields
	case reflect.String: // a key among them, which must not marshal itself
		return "", v.String()
	}
	return "", v.Interface()
}

// snakeCase turns "UsedDataBlocks" into "used_data_blocks", "TransactionID"
// into "transaction_id".
func snakeCase(name string) string {
	runes := []rune(name)
	var b strings.Builder
	for i, r := range runes {
		plural := string(runes[min(i+1, len(runes)):]) == "s" // "CPUs" is one word
		begins := unicode.IsUpper(r) && i > 0 &&
			(!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]) && !plural)
		if begins {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
