package render

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"
)

// Text is a cell that people and programs read alike.
func Text(s string) Cell { return Cell{Human: s, Machine: s} }

// Tinted is Text with a tone.
func Tinted(s string, t Tone) Cell { return Cell{Human: s, Machine: s, Tone: t} }

// Int is a whole number.
func Int(n int) Cell { return Text(strconv.Itoa(n)) }

// Number is a measured number: six digits for people, all of them for
// programs. NaN is a dash, and nothing for programs.
func Number(v float64) Cell {
	if math.IsNaN(v) {
		return Missing()
	}
	human, machine := strconv.FormatFloat(v, 'g', 6, 64), strconv.FormatFloat(v, 'g', -1, 64)
	if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
		machine = strconv.FormatFloat(v, 'f', 0, 64) // 90000000 rather than 9e+07
		if math.Abs(v) < 1e12 {
			human = machine // a count
		}
	}
	return Cell{Human: human, Machine: machine}
}

// Missing stands for a value that is not there.
func Missing() Cell { return Cell{Human: "-", Tone: Faint} }

// Value is a parameter's value: a string as it is, everything else as JSON.
func Value(v any) Cell {
	switch v := v.(type) {
	case string:
		return Text(v)
	case float64:
		return Number(v)
	}
	text, err := json.Marshal(v)
	if err != nil {
		return Text(fmt.Sprint(v))
	}
	return Text(string(text))
}

// Time is a moment: how long ago for people, RFC 3339 in UTC for programs.
func Time(t, now time.Time) Cell {
	if t.IsZero() {
		return Missing()
	}
	return Cell{Human: ago(now.Sub(t)), Machine: t.UTC().Format(time.RFC3339)}
}

// Seconds is a length of time.
func Seconds(d time.Duration) Cell {
	if d <= 0 {
		return Missing()
	}
	return Cell{Human: Span(d), Machine: strconv.FormatFloat(d.Seconds(), 'f', 3, 64)}
}

// Span writes a length of time for people in at most two units.
func Span(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d < time.Minute:
		return d.Round(time.Second).String()
	case d < time.Hour:
		d = d.Round(time.Second)
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	}
	d = d.Round(time.Minute)
	return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
}

// Count writes a number of things whose plural ends in s: 1 trial, 2 trials.
func Count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func ago(d time.Duration) string {
	const day = 24 * time.Hour
	plural := func(n time.Duration, unit string) string { return Count(int(n), unit) + " ago" }
	switch {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return plural(d/time.Minute, "minute")
	case d < day:
		return plural(d/time.Hour, "hour")
	}
	return plural(d/day, "day")
}
