package inventory

import (
	"fmt"
	"io"

	"lsmlab/harness/micro"
	"lsmlab/harness/study"
)

// Contender is one of a kind that is no engine.
type Contender struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	Own     bool   `json:"own"` // code of this module, not of a public peer
	About   string `json:"about"`
}

// Work is what contenders of a kind can be made to do.
type Work struct {
	Name  string `json:"name"`
	About string `json:"about"`
}

// Kind is contenders that are no engines, and their works.
type Kind struct {
	Name       string      `json:"name"`
	About      string      `json:"about"`
	Contenders []Contender `json:"contenders"`
	Works      []Work      `json:"works"`
}

func contendersOf(k micro.Kind) (out []Contender) {
	for _, c := range k.Contenders {
		out = append(out, Contender{c.Name, c.Version, c.Own, c.About})
	}
	return out
}

func worksOf(k micro.Kind) (out []Work) {
	for _, w := range k.Works {
		out = append(out, Work(w))
	}
	return out
}

func printKinds(w io.Writer, kinds []Kind) {
	if len(kinds) == 0 {
		return
	}
	fmt.Fprintln(w, "KIND\tCONTENDER OR WORK\tABOUT")
	for _, k := range kinds {
		fmt.Fprintf(w, "%s\t\t%s\n", k.Name, k.About)
		for _, c := range k.Contenders {
			fmt.Fprintf(w, "\t%s\t%s\n", c.Name, c.About)
		}
		for _, one := range k.Works {
			fmt.Fprintf(w, "\twork %s\t%s\n", one.Name, one.About)
		}
	}
	fmt.Fprintln(w)
}

func printStudies(w io.Writer, all []study.Study) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintln(w, "STUDY\tCLAIMS\tQUESTION")
	for _, s := range all {
		fmt.Fprintf(w, "%s\t%d\t%s\n", s.Name, len(s.Claims), s.Question)
	}
	fmt.Fprintln(w)
}
