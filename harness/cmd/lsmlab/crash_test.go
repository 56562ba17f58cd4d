package main

import (
	"bytes"
	"context"
	"strings"

	"lsmlab/harness"
)

// crash runs a crash command in this process.
func crash(stdin string, args ...string) (status int, out string) {
	var buf bytes.Buffer
	status = run(context.Background(), harness.Catalog{}, append([]string{"crash"}, args...), strings.NewReader(stdin), &buf, &buf)
	return status, buf.String()
}
