package main

import (
	"fmt"
	"io"

	"lsmlab/harness/micro"
	"lsmlab/harness/study"
)

// contender is one that is no engine.
type contender struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	Own     bool   `json:"own"` // code of this module, not of a public peer
	About   string `json:"about"`
}

// work is what contenders of a kind can be made to do.
type work struct {
	Name  string `json:"name"`
	About string `json:"about"`
}

// kind is contenders that are no engines, and their works.
type kind struct {
	Name       string      `json:"name"`
	About      string      `json:"about"`
	Contenders []contender `json:"contenders"`
	Works      []work      `json:"works"`
}

func contendersOf(k micro.Kind) (out []contender) {
	for _, c := range k.Contenders {
		out = append(out, contender{c.Name, c.Version, c.Own, c.About})
	}
	return out
}

func worksOf(k micro.Kind) (out []work) {
	for _, w := range k.Works {
		out = append(out, work(w))
	}
	return out
}

func printKinds(w io.Writer, kinds []kind) {
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
