package httpd

import (
	"crypto/tls"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// certificate returns a configuration for 127.0.0.1 with the certificate that
// the standard library has for tests, and the file of that certificate.
func certificate(t *testing.T) (*tls.Config, string) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	file := filepath.Join(t.TempDir(), "cert.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: s.TLS.Certificates, MinVersion: tls.VersionTLS12}, file
}

// TestTLS: curl gets in by HTTP/2 over TLS if it trusts the certificate, and not
// at all without TLS.
func TestTLS(t *testing.T) {
	curl := tool(t, "curl", "curl")
	config, file := certificate(t)
	r := start(t, Config{TLS: config})
	url := strings.Replace(r.url, "http://", "https://", 1)
	out, err := exec.Command(curl, "-sS", "--cacert", file, "-w", "%{http_version}", url+"/healthz").CombinedOutput()
	if err != nil || string(out) != "alive\n2" {
		t.Errorf("%s, %v", out, err)
	}
	if out, err := exec.Command(curl, "-sS", url+"/healthz").CombinedOutput(); err == nil {
		t.Errorf("an unknown certificate is trusted: %s", out)
	}
	if status, body := r.get("/healthz"); status != 400 {
		t.Errorf("without TLS: %d %s", status, body)
	}
}
