package gc

import (
	"testing"
	"time"

	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/testseed"
)

func second(n int) time.Time { return time.Unix(int64(n), 0) }

func TestFloor(t *testing.T) {
	var line Timeline
	for n := 10; n <= 100; n += 10 {
		line.Note(second(n), ikey.Seq(n), 0)
	}
	for _, tc := range []struct {
		window time.Duration
		newest ikey.Seq
		want   ikey.Seq
	}{
		{0, 70, 70},
		{0, 100, 100},
		{25 * time.Second, 100, 70},
		{30 * time.Second, 100, 70},
		{25 * time.Second, 60, 60},
		{time.Hour, 100, 0},
	} {
		if got := (Policy{Window: tc.window}).Floor(tc.newest, second(100), line.At); got != tc.want {
			t.Errorf("window %v, newest %d: floor %d, want %d", tc.window, tc.newest, got, tc.want)
		}
	}
}

// TestTimeline compares random notes with a list that forgets nothing. It must give the
// write that was the last one at a time, or one less than Apart older, for all LSNs from
// the floor on, and never a later one.
func TestTimeline(t *testing.T) {
	rng := testseed.Rand(t)
	for apart := range 5 {
		line := Timeline{Apart: time.Duration(apart) * time.Second}
		var all []mark
		now, seq, floor := 0, ikey.Seq(0), ikey.Seq(0)
		for range 1000 {
			now, seq = now+rng.IntN(3), seq+1+ikey.Seq(rng.IntN(3))
			if rng.IntN(20) == 0 {
				now += 10
			}
			floor = max(floor, seq-min(seq, ikey.Seq(rng.IntN(60))))
			line.Note(second(now), seq, floor)
			all = append(all, mark{second(now), seq})
			asked := second(rng.IntN(now + 3))
			var newest, earlier ikey.Seq // at that time, and Apart before
			there := false
			for _, m := range all {
				if !m.at.After(asked) {
					newest, there = m.seq, true
				}
				if m.at.Before(asked.Add(-line.Apart)) {
					earlier = m.seq
				}
			}
			got, ok := line.At(asked)
			if got > newest || ok && !there || earlier > 0 && earlier >= floor && (!ok || got < earlier) {
				t.Fatalf("apart %d, at %v: %d, %v; the newest is %d, %v, that before %d; the floor is %d", apart, asked, got, ok, newest, there, earlier, floor)
			}
			if last := all[len(all)-1]; !asked.Before(last.at) && got != last.seq {
				t.Fatalf("apart %d, at %v, which is now: %d, want %d", apart, asked, got, last.seq)
			}
		}
		if len(line.marks) > 130 {
			t.Errorf("%d marks for 60 LSNs", len(line.marks))
		}
	}
}

// TestPause: what a pause follows is known exactly, also between two marks.
func TestPause(t *testing.T) {
	line := Timeline{Apart: 10 * time.Second}
	for n := range 5 {
		line.Note(second(100+n), ikey.Seq(1+n), 0)
	}
	line.Note(second(200), 6, 0)
	for at, want := range map[int]ikey.Seq{100: 1, 104: 5, 150: 5, 200: 6, 300: 6} {
		if got, ok := line.At(second(at)); got != want || !ok {
			t.Errorf("at %d: %d, %v; want %d", at, got, ok, want)
		}
	}
}

// TestCut: a reader is cut when its state was replaced longer ago than the age, and the
// oldest ones until what is held for the others fits.
func TestCut(t *testing.T) {
	var line Timeline
	for n := 10; n <= 100; n += 10 {
		line.Note(second(n), ikey.Seq(n), 0)
	}
	held := []Held{{20, 5}, {40, 1}, {50, 7}, {90, 2}}
	for _, tc := range []struct {
		age   time.Duration
		bytes int64
		want  ikey.Seq
	}{
		{0, 0, 0},
		{time.Hour, 0, 0},
		{30 * time.Second, 0, 70},
		{35 * time.Second, 0, 60},
		{0, 15, 0},
		{0, 14, 21},
		{0, 10, 21},
		{0, 9, 41},
		{0, 8, 51},
		{0, 2, 51},
		{0, 1, 91},
		{30 * time.Second, 14, 70},
		{70 * time.Second, 9, 41},
	} {
		if got := (Policy{PinAge: tc.age, PinBytes: tc.bytes}).Cut(second(100), line.At, held); got != tc.want {
			t.Errorf("age %v, %d bytes: cut below %d, want %d", tc.age, tc.bytes, got, tc.want)
		}
	}
}
