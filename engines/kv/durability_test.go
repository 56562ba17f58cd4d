package kv

import (
	"encoding/json"
	"testing"
)

func TestDurabilityNames(t *testing.T) {
	for d, name := range map[Durability]string{Volatile: "volatile", Buffered: "buffered", Synced: "synced"} {
		if d.String() != name {
			t.Errorf("%d is %q, want %q", d, d, name)
		}
		if got, err := ParseDurability(name); err != nil || got != d {
			t.Errorf("%q is read as %v, %v", name, got, err)
		}
		text, err := json.Marshal(map[Durability]Durability{d: d}) // as key and as value
		if err != nil || string(text) != `{"`+name+`":"`+name+`"}` {
			t.Errorf("json of %v: %s, %v", d, text, err)
		}
		var back map[Durability]Durability
		if err := json.Unmarshal(text, &back); err != nil || len(back) != 1 || back[d] != d {
			t.Errorf("%s is read as %v, %v", text, back, err)
		}
	}
	if Volatile >= Buffered || Buffered >= Synced {
		t.Error("durability levels are not in order")
	}
	for _, bad := range []string{"", "Synced", "sync", "durability(3)"} {
		if d, err := ParseDurability(bad); err == nil {
			t.Errorf("%q is read as %v", bad, d)
		}
	}
	if s := Durability(3).String(); s != "durability(3)" {
		t.Error(s)
	}
}
