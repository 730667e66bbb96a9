package metadata

// deltaWalk goes through two mapping trees at once.
type deltaWalk struct {
	left, right *cursor
	// leftLost and rightLost are the keys that damage took last on either side.
	leftLost, rightLost Range
	lead                int // by how many levels the left root is above the right one
	same                bool

	yield   func(Change, error) bool
	pending Change // what was found last, and may go on; of length 0: nothing
	stopped bool   // yield has had enough
}

func newDeltaWalk(d *Delta) *deltaWalk {
	return &deltaWalk{
		left:  d.trees.m.mappingCursor(d.left),
		right: d.trees.m.mappingCursor(d.right),
		same:  d.options.Same,
	}
}

func (w *deltaWalk) run() {
	w.lead = relativeHeight(w.left, w.right)
	for !w.stopped && !(w.left.done() && w.right.done()) {
		w.step()
	}
	w.flush()
}

// step moves one of the sides, or both, by an entry or a subtree.
func (w *deltaWalk) step() {
	l, r := w.left, w.right
	switch {
	case passLost(r, w.leftLost):
		w.leave(r, &w.rightLost, w.leftLost)
	case passLost(l, w.rightLost):
		w.leave(l, &w.leftLost, w.rightLost)
	case l.done():
		w.only(r, RightOnly, &w.rightLost)
	case r.done():
		w.only(l, LeftOnly, &w.leftLost)
	case l.inLeaf() && r.inLeaf():
		w.entries()
	case l.inLeaf():
		w.entryBeside(l, LeftOnly, r, &w.rightLost)
	case r.inLeaf():
		w.entryBeside(r, RightOnly, l, &w.leftLost)
	default:
		w.subtrees()
	}
}

// passLost reports whether c stands at something that the other side has lost some of.
func passLost(c *cursor, lost Range) bool {
	if lost.Empty() || c.done() {
		return false
	}
	if c.inLeaf() {
		return lost.Contains(c.top().node.key(c.top().at))
	}
	_, keys := c.subtree()
	return keys.First <= lost.Last && lost.First <= keys.Last
}

// leave passes what is lost on the other side, where nothing can be said.
func (w *deltaWalk) leave(c *cursor, own *Range, lost Range) {
	if c.inLeaf() {
		c.skip()
		return
	}
	if _, keys := c.subtree(); lost.Contains(keys.First) && lost.Contains(keys.Last) {
		c.skip()
		return
	}
	w.enter(c, own)
}

// only takes what c has while the other side is at its end.
func (w *deltaWalk) only(c *cursor, kind ChangeKind, lost *Range) {
	if !c.inLeaf() {
		w.enter(c, lost)
		return
	}
	w.one(c, kind)
}

// one takes the entry at which c stands.
func (w *deltaWalk) one(c *cursor, kind ChangeKind) {
	l := c.top()
	change := Change{Kind: kind, Virtual: l.node.key(l.at), Length: 1}
	data := UnpackBlockTime(l.node.value64(l.at)).Block
	if kind == LeftOnly {
		change.Left = data
	} else {
		change.Right = data
	}
	c.skip()
	w.found(change)
}

// entryBeside decides between an entry of c and a subtree of other.
func (w *deltaWalk) entryBeside(c *cursor, kind ChangeKind, other *cursor, lost *Range) {
	if _, keys := other.subtree(); c.top().node.key(c.top().at) >= keys.First {
		w.enter(other, lost)
		return
	}
	w.one(c, kind)
}

// entries compares two entries.
func (w *deltaWalk) entries() {
	l, r := w.left.top(), w.right.top()
	left, right := l.node.key(l.at), r.node.key(r.at)
	switch {
	case left < right:
		w.one(w.left, LeftOnly)
		return
	case right < left:
		w.one(w.right, RightOnly)
		return
	}
	c := Change{
		Kind: Different, Virtual: left, Length: 1,
		Left:  UnpackBlockTime(l.node.value64(l.at)).Block,
		Right: UnpackBlockTime(r.node.value64(r.at)).Block,
	}
	if c.Left == c.Right {
		c.Kind = Same
	}
	w.left.skip()
	w.right.skip()
	w.found(c)
}

// subtrees compares two subtrees: those that are one are passed, and of two that
// differ one is entered. It is the one that is lower in keys, if they hold none in
// common; then the higher one in its tree, since what both share is as high in both.
func (w *deltaWalk) subtrees() {
	leftBlock, left := w.left.subtree()
	rightBlock, right := w.right.subtree()
	if leftBlock == rightBlock {
		if w.same {
			w.shared()
		} else {
			w.left.skip()
		}
		w.right.skip()
		return
	}
	higher := w.lead - w.left.depth + w.right.depth // the left one, by so many levels
	first := left.First <= right.First
	switch {
	case left.Last < right.First, right.Last < left.First, higher == 0:
	default:
		first = higher > 0
	}
	if first {
		w.enter(w.left, &w.leftLost)
	} else {
		w.enter(w.right, &w.rightLost)
	}
}

// shared takes the subtree before which the left side stands for both.
func (w *deltaWalk) shared() {
	c, above := w.left, w.left.depth
	var none Range
	w.enter(c, &none)
	for c.depth > above && !w.stopped {
		if !c.inLeaf() {
			w.enter(c, &none)
			continue
		}
		n := c.top().node
		for i := range n.entries {
			data := UnpackBlockTime(n.value64(i)).Block
			w.found(Change{Kind: Same, Virtual: n.key(i), Length: 1, Left: data, Right: data})
		}
		c.skipNode()
	}
}

// enter enters the subtree before which c stands, or tells why it cannot.
func (w *deltaWalk) enter(c *cursor, lost *Range) {
	keys, err := c.enter()
	if err == nil {
		return
	}
	*lost = keys
	w.flush()
	if !w.stopped {
		w.stopped = !w.yield(Change{}, err)
	}
}

// found joins c to what was found before.
func (w *deltaWalk) found(c Change) {
	if c.Kind == Same && !w.same || w.pending.Length > 0 && w.pending.join(c) {
		return
	}
	w.flush()
	w.pending = c
}

func (w *deltaWalk) flush() {
	if w.pending.Length > 0 && !w.stopped {
		w.stopped = !w.yield(w.pending, nil)
	}
	w.pending = Change{}
}
