package rest

import (
	_ "embed"
	"net/http"
)

// openAPI describes the routes; a test drives the handler by it.
//
//go:embed openapi.json
var openAPI []byte

// OpenAPI answers with the description of the routes.
func OpenAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(openAPI)
}
