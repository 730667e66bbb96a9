package compare

import (
	"io"
	"slices"
	"strconv"
	"text/template"
)

// markup builds HTML with SVG in it. Text and attribute values are escaped
// here, once, whatever they hold; only raw passes as it is. Attributes are
// given as a name and a value each. A template engine would do the same, and
// cost each start of rok some of the time that a device-mapper call takes; its way
// to escape is linked already, by cobra, as that of package html is not.
type markup struct{ b []byte }

func (m *markup) raw(s string)  { m.b = append(m.b, s...) }
func (m *markup) text(s string) { m.raw(template.HTMLEscapeString(printable(s))) }

func (m *markup) tag(name, end string, attributes []string) {
	m.raw("<" + name)
	for pair := range slices.Chunk(attributes, 2) {
		m.raw(" " + pair[0] + `="`)
		m.text(pair[1])
		m.raw(`"`)
	}
	m.raw(end)
}

// begin opens an element that holds others; end closes it.
func (m *markup) begin(name string, attributes ...string) { m.tag(name, ">\n", attributes) }
func (m *markup) end(name string)                         { m.raw("</" + name + ">\n") }

// element is an element that holds text.
func (m *markup) element(name, text string, attributes ...string) {
	m.tag(name, ">", attributes)
	m.text(text)
	m.end(name)
}

// empty is an element that holds nothing.
func (m *markup) empty(name string, attributes ...string) { m.tag(name, "/>\n", attributes) }

func (m *markup) writeTo(w io.Writer) error {
	_, err := w.Write(m.b)
	return err
}

// px prints a coordinate to a tenth of a pixel.
func px(v float64) string {
	s := strconv.FormatFloat(v, 'f', 1, 64)
	if s[len(s)-2:] == ".0" {
		return s[:len(s)-2]
	}
	return s
}
