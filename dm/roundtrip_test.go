package dm

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A captured line is one line of testdata/targets: see testdata/README.md.
type captured struct {
	file   string
	number int
	kind   string // "table" or "status"
	typ    string
	params string
}

func (c captured) String() string {
	return fmt.Sprintf("%s:%d", strings.TrimSuffix(c.file, ".txt"), c.number)
}

// capturedLines reads testdata/targets.
func capturedLines(t testing.TB) []captured {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "targets", "*.txt"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var lines []captured
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
			if strings.HasPrefix(line, "#") {
				continue
			}
			words := strings.SplitN(line, " ", 5)
			require.Len(t, words, 5, "%s:%d", file, i+1)
			require.Contains(t, []string{"table", "status"}, words[0], "%s:%d", file, i+1)
			lines = append(lines, captured{
				file: filepath.Base(file), number: i + 1,
				kind: words[0], typ: words[3], params: words[4],
			})
		}
	}
	return lines
}

// goRound parses a line and prints it back.
func goRound(kind, typ, params string) (value any, printed string, err error) {
	if kind == "status" {
		s, err := ParseStatus(typ, params)
		if err != nil {
			return nil, "", err
		}
		return s, string(s.AppendStatus(nil)), nil
	}
	v, err := ParseTarget(typ, params)
	if err != nil {
		return nil, "", err
	}
	b, err := v.AppendParams(nil)
	return v, string(b), err
}

func TestCapturedLines(t *testing.T) {
	for _, c := range capturedLines(t) {
		t.Run(c.String(), func(t *testing.T) {
			v, printed, err := goRound(c.kind, c.typ, c.params)
			require.NoError(t, err)
			require.Equal(t, c.params, printed)
			if c.params != "" || c.kind == "table" {
				require.IsNotType(t, Raw{}, v)
				require.IsNotType(t, RawStatus{}, v)
			}
			other := reflect.ValueOf(v).FieldByName("Other")
			require.True(t, !other.IsValid() || other.IsZero(), "no field for %v", other)
			require.Equal(t, c.typ, v.(interface{ Type() string }).Type())
		})
	}
}

// Kernels add words at the end of lines. They must not get lost.
func TestCapturedLinesWithMoreAtTheEnd(t *testing.T) {
	for _, c := range capturedLines(t) {
		for _, more := range []string{" ", " 2 new_thing x", " -", " x y ", "  x"} {
			t.Run(c.String()+more, func(t *testing.T) {
				_, printed, err := goRound(c.kind, c.typ, c.params+more)
				require.NoError(t, err)
				require.Equal(t, c.params+more, printed)
			})
		}
	}
}

// A line that ends early is refused with a reason or still goes round.
func TestCapturedLinesCutShort(t *testing.T) {
	for _, c := range capturedLines(t) {
		t.Run(c.String(), func(t *testing.T) {
			for end := range len(c.params) {
				_, printed, err := goRound(c.kind, c.typ, c.params[:end])
				if err != nil {
					var bad *ParamsError
					require.ErrorAs(t, err, &bad)
					require.Equal(t, c.typ, bad.Target)
					require.Equal(t, c.kind, bad.Line)
					require.Positive(t, bad.Word)
					require.NotEmpty(t, bad.Reason)
					continue
				}
				require.Equal(t, c.params[:end], printed)
			}
		})
	}
}

// No way of printing a parsed table shows a key.
func TestCapturedSecretsArePrintedNowhere(t *testing.T) {
	for _, c := range capturedLines(t) {
		keys := longHex(c.params)
		if c.kind != "table" || c.typ == "verity" || len(keys) == 0 {
			continue // verity's digests are public
		}
		t.Run(c.String(), func(t *testing.T) {
			target, err := ParseTarget(c.typ, c.params)
			require.NoError(t, err)
			secret, ok := target.(Secret)
			require.True(t, ok, "a key, but no Secret")
			redacted, err := secret.Redact().AppendParams(nil)
			require.NoError(t, err)
			require.Len(t, redacted, len(c.params))
			doc, err := json.Marshal(target)
			require.NoError(t, err)
			for _, shown := range []string{
				fmt.Sprintf("%v %+v %#v", target, target, target),
				fmt.Sprintf("%s %q %x %X %d", target, target, target, target, target),
				string(doc), string(redacted),
			} {
				for _, key := range keys {
					require.NotContains(t, shown, key)
				}
			}
		})
	}
}

// longHex returns the runs of 16 and more hexadecimal digits in s that are
// not all zero: keys.
func longHex(s string) []string {
	var found []string
	for _, word := range strings.FieldsFunc(s, func(r rune) bool { return !strings.ContainsRune("0123456789abcdef", r) }) {
		if len(word) >= 16 && strings.Trim(word, "0") != "" {
			found = append(found, word)
		}
	}
	return found
}
