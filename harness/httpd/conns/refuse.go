package conns

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
)

// What a client is told that connects while there are too many connections.
const (
	retryHTTP = "HTTP/1.1 503 Service Unavailable\r\n" +
		"Content-Type: application/problem+json\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 121\r\n\r\n" +
		`{"type":"urn:lsmlab:too-many-connections","title":"Service Unavailable","status":503,"detail":"too many connections now"}`
	retryRedis = "-ERR max number of clients reached\r\n"
)

// http2Preface begins every connection of HTTP/2, and thus also of gRPC.
var http2Preface = []byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")

// Redis refuses a client of the Redis protocol, with the text of Redis.
func Redis(c net.Conn) { _, _ = io.WriteString(c, retryRedis) }

// HTTP refuses a client of HTTP: with status 503 and Retry-After, or with GOAWAY if the
// client begins with HTTP/2.
func HTTP(c net.Conn) {
	begin := make([]byte, len(http2Preface))
	n, _ := io.ReadFull(c, begin[:3]) // these bytes are "PRI" only in HTTP/2
	if n == 3 && bytes.Equal(begin[:3], http2Preface[:3]) {
		if _, err := io.ReadFull(c, begin[3:]); err == nil && bytes.Equal(begin, http2Preface) {
			_, _ = c.Write(goAway("too many connections now"))
			return
		}
	}
	_, _ = io.WriteString(c, retryHTTP)
}

// goAway returns the first and last frames of an HTTP/2 server that accepts no requests
// (RFC 9113, sections 6.5 and 6.8).
func goAway(why string) []byte {
	const (
		settings, goaway  = 4, 7
		enhanceYourCalm   = 0xb
		connection, fixed = 0, 8 // the stream of such frames, and the size of the fields of a GOAWAY
	)
	frame := func(b []byte, kind byte, size int) []byte {
		b = append(b, byte(size>>16), byte(size>>8), byte(size), kind, 0)
		return binary.BigEndian.AppendUint32(b, connection)
	}
	b := frame(nil, settings, 0)
	b = frame(b, goaway, fixed+len(why))
	b = binary.BigEndian.AppendUint32(b, 0) // no stream was served
	b = binary.BigEndian.AppendUint32(b, enhanceYourCalm)
	return append(b, why...)
}

// OverTLS returns a version of refuse for clients that use TLS.
func OverTLS(config *tls.Config, refuse func(net.Conn)) func(net.Conn) {
	if config == nil {
		return refuse
	}
	return func(c net.Conn) {
		secured := tls.Server(c, config)
		refuse(secured)
		_ = secured.CloseWrite()
	}
}
