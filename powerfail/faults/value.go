package faults

import (
	"encoding/json"
	"fmt"
	"math"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

var anything = parser[json.RawMessage]{"an object", func(raw json.RawMessage) (json.RawMessage, bool) { return raw, true }}

var dnsLabelForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?$`)

var dnsLabel = parser[string]{
	"a name of a-z, 0-9 and -, at most 50 characters, - neither first nor last",
	text(func(s string) (string, bool) { return s, dnsLabelForm.MatchString(s) }),
}

var absolute = parser[string]{
	`an absolute path such as "/var/lib/db"`,
	text(func(s string) (string, bool) { return s, path.IsAbs(s) && path.Clean(s) == s }),
}

var (
	labelKeyForm   = regexp.MustCompile(`^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$`)
	labelValueForm = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$`)
)

// Label reports whether key and value may be a label, by the rules of Kubernetes.
func Label(key, value string) bool {
	return labelKeyForm.MatchString(key) && labelValueForm.MatchString(value)
}

var labels = parser[map[string]string]{
	`an object of at least one label such as {"role": "db"}`,
	func(raw json.RawMessage) (map[string]string, bool) {
		var m map[string]string
		if json.Unmarshal(raw, &m) != nil || len(m) == 0 {
			return nil, false
		}
		for k, v := range m {
			if !Label(k, v) {
				return nil, false
			}
		}
		return m, true
	},
}

var pick = parser[Pick]{`"all", "one", a count such as "2" or a share such as "30%"`, text(func(s string) (Pick, bool) {
	switch s {
	case "all":
		return Pick{}, true
	case "one":
		return Pick{Count: 1}, true
	}
	digits, share := strings.CutSuffix(s, "%")
	n, err := strconv.Atoi(digits)
	if err != nil || n < 1 || strconv.Itoa(n) != digits || share && n > 100 {
		return Pick{}, false
	}
	if share {
		return Pick{Percent: n}, true
	}
	return Pick{Count: n}, true
})}

// text turns a function that reads a string into the function of a parser.
func text[T any](parse func(string) (T, bool)) func(json.RawMessage) (T, bool) {
	return func(raw json.RawMessage) (T, bool) {
		var s *string
		if json.Unmarshal(raw, &s) != nil || s == nil {
			var zero T
			return zero, false
		}
		return parse(*s)
	}
}

func oneOf[T ~string](valid ...T) parser[T] {
	return parser[T]{"one of " + quoted(valid), text(func(s string) (T, bool) {
		if !slices.Contains(valid, T(s)) {
			return "", false
		}
		return T(s), true
	})}
}

func someOf(valid ...string) parser[[]string] {
	return parser[[]string]{"an array of some of " + quoted(valid) + ", each once", func(raw json.RawMessage) ([]string, bool) {
		var all []string
		if json.Unmarshal(raw, &all) != nil || len(all) == 0 {
			return nil, false
		}
		for i, s := range all {
			if !slices.Contains(valid, s) || slices.Contains(all[:i], s) {
				return nil, false
			}
		}
		return all, true
	}}
}

func quoted[T ~string](all []T) string {
	var b strings.Builder
	for i, s := range all {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q", string(s))
	}
	return b.String()
}

func between(least, most time.Duration) parser[time.Duration] {
	want := fmt.Sprintf(`a duration from %v to %v, such as "1m30s"`, least, most)
	return parser[time.Duration]{want, text(func(s string) (time.Duration, bool) {
		d, err := time.ParseDuration(s)
		return d, err == nil && least <= d && d <= most
	})}
}

var offset = parser[time.Duration]{`a duration with a sign, not 0, up to a year either way, such as "-10m"`, text(func(s string) (time.Duration, bool) {
	d, err := time.ParseDuration(s)
	return d, err == nil && d != 0 && d.Abs() <= 366*24*hour
})}

func upTo(most int) parser[int] {
	return parser[int]{fmt.Sprintf("a whole number from 1 to %d", most), func(raw json.RawMessage) (int, bool) {
		n, err := strconv.Atoi(string(raw))
		return n, err == nil && 1 <= n && n <= most
	}}
}

var (
	percent     = number("a number above 0, at most 100", func(x float64) bool { return x > 0 && x <= 100 })
	correlation = number("a number from 0 to 100", func(x float64) bool { return x >= 0 && x <= 100 })
)

func number(want string, valid func(float64) bool) parser[float64] {
	return parser[float64]{want, func(raw json.RawMessage) (float64, bool) {
		x, err := strconv.ParseFloat(string(raw), 64)
		return x, err == nil && valid(x)
	}}
}

var rate = parser[int64]{`bits a second from "1kbit" to "1tbit": digits and a unit of kbit, mbit, gbit, tbit`, text(func(s string) (int64, bool) {
	n, ok := scaled(s, map[string]int64{"kbit": 1e3, "mbit": 1e6, "gbit": 1e9, "tbit": 1e12})
	return n, ok && n <= 1e12
})}

func bytesBetween(least, most int64) parser[int64] {
	want := fmt.Sprintf("from %d to %d bytes: digits and a unit of B, KiB, MiB, GiB, TiB", least, most)
	return parser[int64]{want, text(func(s string) (int64, bool) {
		n, ok := scaled(s, map[string]int64{"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40})
		return n, ok && least <= n && n <= most
	})}
}

// scaled reads digits followed by one of units. It refuses 0 and numbers that overflow.
func scaled(s string, units map[string]int64) (int64, bool) {
	digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
	unit, ok := units[s[digits:]]
	n, err := strconv.ParseInt(s[:digits], 10, 64)
	if !ok || err != nil || n < 1 || n > math.MaxInt64/unit {
		return 0, false
	}
	return n * unit, true
}
