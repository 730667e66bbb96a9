package compare

import "strings"

// drawing is an SVG inside an HTML page. Its colours are classes of the page's
// style sheet, so that it follows the reader's light or dark theme.
type drawing struct{ *markup }

// begin opens the drawing. The title and the description are what a screen
// reader says of it; id must be its own on the page.
func (d drawing) beginDrawing(id, title, description string, width, height float64) {
	d.begin("svg", "width", px(width), "height", px(height), "viewBox", "0 0 "+px(width)+" "+px(height),
		"role", "img", "aria-labelledby", id+"-t "+id+"-d")
	d.element("title", title, "id", id+"-t")
	d.element("desc", description, "id", id+"-d")
}

func (d drawing) endDrawing() { d.end("svg") }

// label writes text; anchor is start, middle or end.
func (d drawing) label(x, y float64, anchor, class, text string) {
	d.element("text", text, "x", px(x), "y", px(y), "text-anchor", anchor, "class", class)
}

func (d drawing) line(x1, y1, x2, y2 float64, class string) {
	d.empty("line", "x1", px(x1), "y1", px(y1), "x2", px(x2), "y2", px(y2), "class", class)
}

func (d drawing) bar(x, y, width, height float64, class string) {
	d.empty("rect", "x", px(x), "y", px(y), "width", px(max(width, 0)), "height", px(height), "class", class)
}

func (d drawing) dot(x, y, radius float64, class string) {
	d.empty("circle", "cx", px(x), "cy", px(y), "r", px(radius), "class", class)
}

// whisker is a horizontal interval with an upright at either end.
func (d drawing) whisker(from, to, y, half float64, class string) {
	d.line(from, y, to, y, class)
	d.line(from, y-half, from, y+half, class)
	d.line(to, y-half, to, y+half, class)
}

// point is a place in a drawing, in pixels from its upper left corner.
type point struct{ x, y float64 }

func (d drawing) curve(points []point, class string) {
	coordinates := make([]string, len(points))
	for i, p := range points {
		coordinates[i] = px(p.x) + "," + px(p.y)
	}
	d.empty("polyline", "points", strings.Join(coordinates, " "), "class", class)
}

// marked opens a group whose text shows when the pointer rests on it.
func (d drawing) marked(text string) {
	d.begin("g")
	d.element("title", text)
}

func (d drawing) endMarked() { d.end("g") }
