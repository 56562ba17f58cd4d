package fileroles

import "testing"

func TestRoles(t *testing.T) {
	for name, want := range map[string]string{
		"/db/000001.wal": "wal", "/db/000002.log": "wal", "000003.sst": "table", "/db/MANIFEST-000004": "manifest",
		"/db/CURRENT.tmp": "current", "/db/marker.manifest.000001.MANIFEST-000001": "current", "/db/LOCK": "lock",
		"/db": "dir", "/db/OPTIONS-000003": "other",
	} {
		if got := Of(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}
