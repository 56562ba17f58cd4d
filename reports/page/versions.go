package page

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"lsmlab/harness/result"
)

// Versions lists the engines that ran, with the effective options of every durability
// level.
func Versions(e result.Env, levels []string) Table {
	t := Table{ID: "engines", Caption: "Engines, versions and effective options", Head: []Column{
		{Name: "engine"}, {Name: "version"}, {Name: "durability"}, {Name: "options that give it"}, {Name: "at every level"}, {Name: "about"},
	}}
	for _, e := range e.Engines {
		var settings []string
		for _, k := range slices.Sorted(maps.Keys(e.Settings)) {
			settings = append(settings, k+"="+e.Settings[k])
		}
		for _, d := range levels {
			options, ok := e.Options[d]
			if !ok {
				options = "refused: the engine does not give it"
			}
			t.Rows = append(t.Rows, []Cell{
				Head(e.Name), Text(cmp.Or(e.Version, "of this build")), Text(d), Text(options), Text(strings.Join(settings, ", ")), Text(e.Summary),
			})
		}
	}
	return t
}
