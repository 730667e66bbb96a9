package compare

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func page(t *testing.T, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, r.WriteHTML(&b))
	return b.String()
}

// embedded is the report as it stands in a page.
func embedded(t *testing.T, page string) *Report {
	t.Helper()
	m := regexp.MustCompile(`(?s)<script type="application/json" id="report">(.*?)</script>`).FindStringSubmatch(page)
	require.NotNil(t, m)
	r := new(Report)
	require.NoError(t, json.Unmarshal([]byte(m[1]), r))
	return r
}

// wellFormed checks that every element is closed and no id is there twice.
func wellFormed(t *testing.T, page string) {
	t.Helper()
	ids := make(map[string]bool)
	body := page[strings.Index(page, "<html"):]
	d := xml.NewDecoder(strings.NewReader(body))
	for {
		token, err := d.Token()
		if err == io.EOF {
			return
		}
		require.NoError(t, err)
		if e, ok := token.(xml.StartElement); ok {
			for _, a := range e.Attr {
				if a.Name.Local == "id" {
					require.False(t, ids[a.Value], "id %q twice", a.Value)
					ids[a.Value] = true
				}
			}
		}
	}
}

func TestWriteHTML(t *testing.T) {
	r := sample(t)
	got := page(t, r)
	wellFormed(t, got)
	require.Equal(t, r, embedded(t, got))
	require.NotRegexp(t, `https?:|url\(|@import|src=`, got, "a reference to something outside")
	require.Equal(t, 2+12+12, strings.Count(got, `role="img"`))
	golden(t, "report.html", []byte(got))
}

func TestWriteHTMLEscapes(t *testing.T) {
	const foreign = `</script><script>alert(1)</script>"'&<b>` + "\x1b"
	r := sample(t)
	r.Environment.Kernel = foreign
	r.Environment.Engine = foreign
	r.Environment.Backings[0].Description = foreign
	r.NoSpace[0].Case = foreign
	r.NoSpace[0].Errno.Write = new(string)
	*r.NoSpace[0].Errno.Write = foreign
	r.NoSpace[0].KernelStatus = foreign
	r.NoSpace[0].Recovery[0] = foreign
	r.Results[0].Backing = foreign
	r.Results[1].Target = foreign
	r.Results[2].Workload = foreign
	r.Summary = foreign
	got := page(t, r)
	wellFormed(t, got)
	require.Equal(t, 1, strings.Count(got, "<script"))
	require.Equal(t, 1, strings.Count(got, "</script"))
	require.NotContains(t, got, "<b>")
	require.NotContains(t, got, "\x1b")
	require.Equal(t, r, embedded(t, got))
}

func TestWriteHTMLOfLittle(t *testing.T) {
	one := Cell{Backing: Device, Target: Thin, Workload: RandRead, QueueDepth: 1}
	tests := []struct {
		name string
		r    *Report
	}{
		{"nothing", new(Report)},
		{"a cell without figures", &Report{Results: []Cell{one}}},
		{"no space only", &Report{NoSpace: []NoSpace{{Case: ThickFull}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := page(t, tt.r)
			wellFormed(t, got)
			require.NotContains(t, got, "NaN")
			require.NotContains(t, got, "Inf")
		})
	}
}

func TestWriteHTMLNeedsFiniteFigures(t *testing.T) {
	var b bytes.Buffer
	r := &Report{Results: []Cell{{ThickOverThis: math.Inf(1)}}}
	var unsupported *json.UnsupportedValueError
	require.ErrorAs(t, r.WriteHTML(&b), &unsupported)
	require.Zero(t, b.Len())
}
