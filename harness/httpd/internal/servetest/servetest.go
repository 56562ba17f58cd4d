// Package servetest is what the tests of the fronts share: a store with a real engine.
package servetest

import (
	"log/slog"
	"testing"

	"lsmlab/engines/lsm"
	"lsmlab/harness/httpd/service"
	"lsmlab/harness/httpd/settings"
)

// NewStore returns a store that is ready. The engine is closed at the end of the test.
func NewStore(t testing.TB, s settings.Settings) (*service.Store, *lsm.DB) {
	t.Helper()
	db, err := lsm.Open(t.TempDir(), lsm.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // the test may have closed it
	store := Empty(s)
	store.Attach(db)
	return store, db
}

// Empty returns a store whose engine is not open yet.
func Empty(s settings.Settings) *service.Store {
	return service.New(s, slog.New(slog.DiscardHandler))
}
