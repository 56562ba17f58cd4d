package bytesize

import "testing"

func TestSize(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0", "1000": "1000", "1024": "1KiB", "1536K": "1536KiB", "268435456": "256MiB", "2G": "2GiB", "3B": "3",
	} {
		var b, again Size
		if err := b.Set(text); err != nil || b.String() != want {
			t.Errorf("%s: %s, %v, want %s", text, &b, err, want)
		}
		if err := again.Set(b.String()); err != nil || again != b {
			t.Errorf("%s: %s is read as %d, %v", text, &b, again, err)
		}
	}
}
