package compare

import (
	"encoding/xml"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// shape is an element of a chart that stands for a figure.
type shape struct {
	name       string
	attributes map[string]string
}

func (s shape) number(t *testing.T, name string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s.attributes[name], 64)
	require.NoError(t, err, "%s of %v", name, s)
	return v
}

// shapes are the elements of m that have class among their classes.
func shapes(t *testing.T, m *markup, class string) []shape {
	t.Helper()
	var found []shape
	d := xml.NewDecoder(strings.NewReader(string(m.b)))
	for {
		token, _ := d.Token()
		if token == nil {
			return found
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		s := shape{e.Name.Local, make(map[string]string)}
		for _, a := range e.Attr {
			s.attributes[a.Name.Local] = a.Value
		}
		if strings.Contains(" "+s.attributes["class"]+" ", " "+class+" ") {
			found = append(found, s)
		}
	}
}

func TestIOPSChart(t *testing.T) {
	m := new(markup)
	drawing{m}.iopsChart("x", panel{cells: []Cell{
		{Target: Thick, IOPS: 200, IOPSCI: [2]float64{190, 210}},
		{Target: Thin, IOPS: 100, IOPSCI: [2]float64{90, 110}},
	}})
	bars := shapes(t, m, "bar")
	require.Len(t, bars, 2)
	require.InDelta(t, bars[0].number(t, "width"), 2*bars[1].number(t, "width"), 0.3)
	whiskers := shapes(t, m, "whisker")
	require.Len(t, whiskers, 6, "a line and two ends each")
	end := bars[0].number(t, "x") + bars[0].number(t, "width")
	require.Less(t, whiskers[0].number(t, "x1"), end)
	require.Greater(t, whiskers[0].number(t, "x2"), end)
}

func TestRatioChart(t *testing.T) {
	m := new(markup)
	p := panel{workload: RandRead, queueDepth: 1, cells: []Cell{
		{Target: Thick, ThickOverThis: 1, ThickOverThisCI: [2]float64{1, 1}},
		{Target: Thin, ThickOverThis: 2, ThickOverThisCI: [2]float64{1.8, 2.3}},
	}}
	drawing{m}.ratioChart("x", BackingReport{Backing: Memory}, []panel{p}, 0.9, 4)
	dots, lines := shapes(t, m, "bar"), shapes(t, m, "reference")
	require.Len(t, dots, 1, "thick against itself is not drawn")
	require.Len(t, lines, 2)
	require.Equal(t, lines[1].attributes["x1"], dots[0].attributes["cx"], "a ratio of 2 stands on the line of double")
}

func TestLatencyChart(t *testing.T) {
	m := new(markup)
	drawing{m}.latencyChart("x", panel{cells: []Cell{
		{Target: Thick, Curve: []Percentile{{1, 10}, {50, 100}, {90, 1000}, {99, 10_000}}},
		{Target: Thin, Latency: LatencyReport{P50: 100, P99: 1000, P999: 10_000}},
		{Target: Raw},
	}})
	curves := shapes(t, m, "curve")
	require.Len(t, curves, 2, "no curve without figures")
	require.Len(t, strings.Fields(curves[0].attributes["points"]), 3, "from the median up")
	dots := shapes(t, m, "bar")
	require.Len(t, dots, 6)
	step := dots[0].number(t, "cy") - dots[1].number(t, "cy")
	require.Greater(t, step, 20.0, "up is slow")
	require.InDelta(t, step, dots[1].number(t, "cy")-dots[2].number(t, "cy"), 0.2, "equal factors are equal steps")
}
