package rest

import (
	"maps"
	"slices"
	"strings"
)

func newRoute(path string, methods map[string]action) *route {
	return &route{path, methods, strings.Join(slices.Sorted(maps.Keys(methods)), ", ")}
}
