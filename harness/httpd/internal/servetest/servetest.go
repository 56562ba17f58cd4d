// Package servetest is what the tests of the fronts share: a store with a real
// engine in it.
package servetest

import (
	"log/slog"
	"testing"

	"lsmlab/engines/lsm"
	"lsmlab/harness/httpd/service"
	"lsmlab/harness/httpd/settings"
)

// NewStore returns a store that is ready. The engine is closed at the end of the
// test.
func NewStore(t testing.TB, s settings.Settings) (*service.Store, *lsm.DB) {
	t.Helper()
	db, err := lsm.Open(t.TempDir(), lsm.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // a test may have closed it
	store := Empty(s)
	store.Attach(db)
	return store, db
}

// Empty returns a store whose engine is still to come.
func Empty(s settings.Settings) *service.Store {
	return service.New(s, slog.New(slog.DiscardHandler))
}
