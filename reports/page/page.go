// Package page makes one HTML page that needs nothing beside it: charts, styles
// and script are inside, and its content security policy forbids every request.
// It is readable on a phone, in print and without scripts. Other packages say
// what stands on it; this one knows nothing of races or crashes.
package page

import (
	"html/template"

	"lsmlab/reports/chart"
)

// Page is what stands on a page, from top to bottom. Parts that are empty are
// left out.
type Page struct {
	Title       string
	Lead        string        // one paragraph: what was done
	Targets     *Table        // what was demanded, and whether it holds
	Verdicts    []Verdicts    // what came out, in sentences
	Notes       []string      // what a reader should know of the data
	Missing     List          // what the data lack
	Warnings    []WarningKind // why figures may mislead
	Sections    []Section
	Environment []Fact
	Versions    Table
	Raw         Table // every single result
	Downloads   []Download
	Provenance  string // machine, version, command, in a line
}

// Verdicts are the sentences on one setting.
type Verdicts struct {
	Setting string
	Lines   []Verdict
}

// Verdict is a sentence and what it is about.
type Verdict struct{ Subject, Text string }

// List is items under a sentence that says what they are.
type List struct {
	Title string
	Items []string
}

// WarningKind is warnings that begin alike.
type WarningKind struct {
	Kind    string
	Cells   int
	Example string
	List    []string
}

// Section is a part of the page with its own entry in the contents.
type Section struct {
	ID, Title, Intro string
	Groups           []Group
	TablesTitle      string
	Tables           []Table
}

// Group is figures of one kind, and perhaps a table with the same figures.
type Group struct {
	ID, Title, Note string
	Figures         []chart.Figure
	Table           *Table
}

// Fact is one line of the environment.
type Fact struct{ Name, Value string }

// Download is a file beside the page, by its path from there.
type Download struct{ Path, What string }

// drawn is a figure as the template shows it.
type drawn struct {
	chart.Figure
	SVG              template.HTML
	SVGPath, PNGPath string
}
