package httpd

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"lsmlab/harness/httpd/internal/servetest"
	"lsmlab/harness/httpd/settings"
)

// TestBounded: requests beyond the bound, and large headers beyond what may be held,
// are refused without a body, and leave nothing behind.
func TestBounded(t *testing.T) {
	s := settings.Default()
	s.Limits.HeldBytes = 300_000
	store := servetest.Empty(s)
	begun, goOn := make(chan bool), make(chan bool)
	h := bounded(3, store, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		begun <- true
		<-goOn
		w.WriteHeader(http.StatusNoContent)
	}))
	send := func(size int) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", "/", nil).WithContext(context.Background())
		r.Header.Set("X-Large", strings.Repeat("x", size))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	refused := func(what string, size int) {
		t.Helper()
		if w := send(size); w.Code != 503 || w.Header().Get("Retry-After") == "" || w.Body.Len() > 0 {
			t.Errorf("%s: %d %v %q", what, w.Code, w.Header(), w.Body)
		}
	}
	var running sync.WaitGroup
	accepted := func(size int) {
		running.Go(func() {
			if w := send(size); w.Code != http.StatusNoContent {
				t.Errorf("status %d", w.Code)
			}
		})
		<-begun
	}
	accepted(200_000)
	refused("a second large header", 200_000)
	accepted(0)
	accepted(60_000) // small
	refused("one too many", 0)
	close(goOn)
	running.Wait()
	accepted(200_000)
	running.Wait()
	if _, held := store.Held(); held > 0 {
		t.Errorf("%d bytes are held afterwards", held)
	}
}
