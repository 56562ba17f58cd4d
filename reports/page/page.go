// Package page makes one HTML page that needs no other file. Charts, styles and script
// are inside it, and its content security policy forbids every request. The page is
// readable on a phone, in print and without scripts. Other packages decide its content;
// this one knows nothing about races or crashes.
package page

import (
	"html/template"

	"lsmlab/reports/chart"
)

// Page is the content of a page, from top to bottom. Empty parts are left out.
type Page struct {
	Title       string
	Lead        string        // one paragraph: what was done
	Targets     *Table        // what was demanded, and whether it was met
	Verdicts    []Verdicts    // the results, in sentences
	Notes       []string      // what a reader should know about the data
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

// Verdict is a sentence and its subject.
type Verdict struct{ Subject, Text string }

// List is a list of items under a sentence that introduces them.
type List struct {
	Title string
	Items []string
}

// WarningKind is a group of warnings that begin alike.
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

// Download is a file beside the page, by its path relative to the page.
type Download struct{ Path, What string }

// drawn is a figure as the template shows it.
type drawn struct {
	chart.Figure
	SVG              template.HTML
	SVGPath, PNGPath string
}
