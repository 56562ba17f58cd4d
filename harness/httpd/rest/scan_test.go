package rest

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"testing"
)

// TestWriteEntry: a line in pieces is the line as a whole, for sizes around the
// borders of pieces and of the writer's memory.
func TestWriteEntry(t *testing.T) {
	whole := make([]byte, 200_000)
	for i := range whole {
		whole[i] = byte(i * 7)
	}
	for _, size := range []int{0, 1, 2, 3, 3071, 3072, 3073, 6143, 6144, 24_575, 24_576, 24_577, 200_000} {
		for _, buffer := range []int{4 << 10, scanPart} {
			var got bytes.Buffer
			out := bufio.NewWriterSize(&got, buffer)
			if err := writeEntry(out, whole[:size/2], whole[:size]); err != nil || out.Flush() != nil {
				t.Fatal(err)
			}
			b64 := base64.StdEncoding.EncodeToString
			if want := fmt.Sprintf("{\"key\":%q,\"value\":%q}\n", b64(whole[:size/2]), b64(whole[:size])); got.String() != want {
				t.Errorf("%d bytes by %d: the line differs", size, buffer)
			}
		}
	}
}
