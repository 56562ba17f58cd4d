package human

import "testing"

func TestHuman(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Count(0, "round"), "no rounds"},
		{Count(1, "round"), "1 round"},
		{Count(2, "damaged place"), "2 damaged places"},
		{Count(3, "flush"), "3 flushes"},
		{UpperFirst("the end"), "The end"},
		{LowerFirst("The end") + LowerFirst(""), "the end"},
		{OneLine("a\n  b\tc "), "a b c"},
		{Thousands("1"), "1"},
		{Thousands("123456"), "123,456"},
		{Thousands("-1234567"), "-1,234,567"},
		{Bytes(0), "0 B"},
		{Bytes(1023), "1023 B"},
		{Bytes(1536), "1.5 KiB"},
		{Bytes(3 << 50), "3072.0 TiB"},
		{Nanoseconds(850), "850ns"},
		{Nanoseconds(12_345), "12.3us"},
		{Nanoseconds(4_200_000_000), "4.2s"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}
