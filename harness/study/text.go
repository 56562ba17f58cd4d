package study

import (
	"fmt"
	"strconv"

	"lsmlab/harness/human"
)

// text writes a figure in its unit for people, in three significant digits.
func text(v float64, unit string) string {
	switch unit {
	case "×":
		return digits(v) + "×"
	case "share":
		return digits(100*v) + "%"
	case "bytes":
		if v >= 1024 {
			return human.Bytes(int64(v))
		}
		return digits(v) + " B"
	case "ns":
		return human.Nanoseconds(int64(v))
	case "ops/s":
		return digits(v) + "/s"
	}
	return digits(v)
}

func digits(v float64) string {
	if v >= 1000 || v <= -1000 {
		return human.Thousands(strconv.FormatFloat(v, 'f', 0, 64))
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// Head names the fields of [Verdict.Fields].
var Head = []string{"study", "claim", "source", "ours", "interval", "rounds", "verdict"}

// Fields are what tables show of a verdict. Of an order, ours is the first over the last.
func (v Verdict) Fields() []string {
	source, ours, interval := "-", "-", "-"
	if v.Unit != "" {
		if source = "an order"; v.Figure != 0 {
			source = text(v.Figure, v.Unit)
		}
		if v.Rounds > 0 {
			ours = text(v.Ours, v.Unit)
		}
		if v.Confidence > 0 {
			interval = fmt.Sprintf("%s to %s (%.3g%%)", text(v.Lo, v.Unit), text(v.Hi, v.Unit), 100*v.Confidence)
		}
	}
	return []string{v.Study, v.ID, source, ours, interval, strconv.Itoa(v.Rounds), v.Verdict}
}
