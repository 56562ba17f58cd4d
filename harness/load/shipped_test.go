package load

import "testing"

// The example that comes with lsmlab is one: its names have commas and spaces.
func TestShippedEnvironments(t *testing.T) {
	list, err := readEnvironments("../../k6/environments.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := checkEnvironments(list); err != nil {
		t.Error(err)
	}
}
