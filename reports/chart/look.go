package chart

import (
	"image/color"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Look is how one engine appears in every chart of a run. Nothing depends on colour
// alone: marker and dashes tell the engines apart in grey. A filled marker with a solid
// line is an engine of our own, a hollow one with dashes is a peer.
type Look struct {
	Name   string
	Color  color.RGBA
	Shape  shape
	Own    bool
	Dashes []vg.Length
}

// okabeIto are the colours of Okabe and Ito ("Color Universal Design", 2008), which
// people with any colour vision can tell apart. The yellow is darker than theirs, which
// is hardly visible on white.
var okabeIto = []color.RGBA{
	{0x00, 0x72, 0xB2, 255}, // blue
	{0xD5, 0x5E, 0x00, 255}, // vermilion
	{0x00, 0x9E, 0x73, 255}, // bluish green
	{0x00, 0x00, 0x00, 255}, // black
	{0xE6, 0x9F, 0x00, 255}, // orange
	{0xCC, 0x79, 0xA7, 255}, // reddish purple
	{0x56, 0xB4, 0xE9, 255}, // sky blue
	{0xA8, 0x9A, 0x00, 255}, // yellow
}

// usual gives engines their usual place in okabeIto, so that an engine looks the same
// in every run. An engine looks like the bare structure in it.
var usual = map[string]int{
	"lsm-skiplist": 0, "skiplist": 0,
	"lsm-rbtree": 1, "rbtree": 1,
	"lsm-bptree": 2, "bptree": 2,
	"pebble": 3, "gods-redblack": 3,
	"badger": 4, "badger-skl": 4,
	"goleveldb": 5, "tidwall-btree": 5,
	"bbolt": 6, "google-btree": 6,
	"rocksdb": 7,
}

var (
	shapes     = []shape{Circle, square, triangle, diamond, wedge, pentagon, hexagon, star}
	peerDashes = [][]vg.Length{{6, 2}, {2, 2}, {8, 2, 2, 2}, {4, 1.5, 1.5, 1.5, 1.5, 1.5}, {10, 3}}
)

// LooksOf gives every engine a different look. After eight engines, the colours repeat
// with other markers and dashes.
func LooksOf(engines []string, own func(string) bool) map[string]Look {
	looks := map[string]Look{}
	taken := map[int]bool{}
	place := map[string]int{}
	for _, e := range engines {
		if i, ok := usual[e]; ok && !taken[i] {
			taken[i], place[e] = true, i
		}
	}
	for _, e := range engines {
		if _, ok := place[e]; ok {
			continue
		}
		i := 0
		for taken[i] {
			i++
		}
		taken[i], place[e] = true, i
	}
	for _, e := range engines {
		i := place[e]
		n := len(okabeIto)
		l := Look{Name: e, Color: okabeIto[i%n], Shape: shapes[(i+i/n*3)%len(shapes)], Own: own(e)}
		if !l.Own {
			l.Dashes = peerDashes[(i+i/n)%len(peerDashes)]
		}
		looks[e] = l
	}
	return looks
}

func (l Look) line(width vg.Length) draw.LineStyle {
	return draw.LineStyle{Color: l.Color, Width: width, Dashes: l.Dashes}
}

// faint is the colour of single rounds.
func (l Look) faint() color.Color {
	c := l.Color
	return color.NRGBA{c.R, c.G, c.B, 110}
}

// mark draws the engine's marker at a point.
func (l Look) mark(c *draw.Canvas, at vg.Point, radius vg.Length) {
	path := l.Shape.Path(at, radius)
	fill := color.Color(color.White)
	if l.Own {
		fill = l.Color
	}
	c.SetColor(fill)
	c.Fill(path)
	c.SetLineStyle(draw.LineStyle{Color: l.Color, Width: vg.Points(1.4)})
	c.Stroke(path)
}

// shape is a marker: the corners of a polygon of radius 1. Without corners it is a
// circle.
type shape []vg.Point

// Circle is the marker of single values. Engines use the others too.
var (
	Circle   = shape(nil)
	square   = shape{{X: -0.85, Y: -0.85}, {X: 0.85, Y: -0.85}, {X: 0.85, Y: 0.85}, {X: -0.85, Y: 0.85}}
	triangle = shape{{X: -1, Y: -0.75}, {X: 1, Y: -0.75}, {X: 0, Y: 1.1}}
	diamond  = shape{{X: 0, Y: -1.25}, {X: 1.1, Y: 0}, {X: 0, Y: 1.25}, {X: -1.1, Y: 0}}
	wedge    = shape{{X: -1, Y: 0.75}, {X: 1, Y: 0.75}, {X: 0, Y: -1.1}}
	pentagon = shape{{X: 0, Y: 1.1}, {X: 1.05, Y: 0.34}, {X: 0.65, Y: -0.89}, {X: -0.65, Y: -0.89}, {X: -1.05, Y: 0.34}}
	hexagon  = shape{{X: 1.1, Y: 0}, {X: 0.55, Y: 0.95}, {X: -0.55, Y: 0.95}, {X: -1.1, Y: 0}, {X: -0.55, Y: -0.95}, {X: 0.55, Y: -0.95}}
	star     = shape{
		{X: 0, Y: 1.3},
		{X: 0.3, Y: 0.3},
		{X: 1.3, Y: 0},
		{X: 0.3, Y: -0.3},
		{X: 0, Y: -1.3},
		{X: -0.3, Y: -0.3},
		{X: -1.3, Y: 0},
		{X: -0.3, Y: 0.3},
	}
)

// Path returns the outline of the marker around a point.
func (s shape) Path(at vg.Point, radius vg.Length) vg.Path {
	var p vg.Path
	if s == nil {
		p.Move(vg.Point{X: at.X + radius, Y: at.Y})
		p.Arc(at, radius, 0, 6.283185307179586)
		p.Close()
		return p
	}
	for i, q := range s {
		corner := vg.Point{X: at.X + q.X*radius, Y: at.Y + q.Y*radius}
		if i == 0 {
			p.Move(corner)
			continue
		}
		p.Line(corner)
	}
	p.Close()
	return p
}
