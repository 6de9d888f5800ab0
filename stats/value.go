package stats

import (
	"math"
	"strconv"
	"time"
)

// Type is the type of a Value in HAProxy's terms.
type Type uint8

// The types of values. Empty means not applicable: nothing between two commas.
const (
	Empty Type = iota
	Str
	U32
	U64
	S32
)

// String returns HAProxy's name of the type, as in its JSON.
func (t Type) String() string {
	return [...]string{"", "str", "u32", "u64", "s32"}[t]
}

// Value is one figure of one Row.
type Value struct {
	Type Type
	num  int64
	unit time.Duration // what text shows num in when num is a duration; 0: num is a plain number
	str  string

	blank bool // Empty, but 0 and not NaN to Prometheus
}

// Int returns the figure as text shows it: durations in whole seconds or milliseconds.
func (v Value) Int() int64 {
	if v.unit != 0 {
		return v.num / int64(v.unit)
	}
	return v.num
}

// Float returns the figure as Prometheus wants it: durations in seconds, NaN for what is empty or
// a text.
func (v Value) Float() float64 {
	switch {
	case v.blank:
		return 0
	case v.Type == Empty, v.Type == Str:
		return math.NaN()
	case v.unit != 0:
		return time.Duration(v.num).Seconds()
	}
	return float64(v.num)
}

// String returns the figure as CSV shows it, before quoting.
func (v Value) String() string { return string(v.append(nil)) }

// append adds the figure's text to b.
func (v Value) append(b []byte) []byte {
	switch v.Type {
	case Empty:
		return b
	case Str:
		return append(b, v.str...)
	}
	return strconv.AppendInt(b, v.Int(), 10)
}

// Total returns the value of a counter, for columns beside HAProxy's.
func Total(n uint64) Value { return total(n) }

func text(s string) Value { return Value{Type: Str, str: s} }

func number[N int | int64](n N) Value { return Value{Type: U32, num: int64(n)} }

func total(n uint64) Value { return Value{Type: U64, num: int64(n)} }

func rate(n uint64) Value { return Value{Type: U32, num: int64(n)} }

func seconds(d time.Duration) Value { return Value{Type: U32, num: int64(d), unit: time.Second} }

func millis(d time.Duration) Value { return Value{Type: U32, num: int64(d), unit: time.Millisecond} }

// limit is empty where there is none.
func limit(n int) Value {
	if n == 0 {
		return Value{}
	}
	return number(n)
}

func flag(b bool) Value {
	if b {
		return number(1)
	}
	return number(0)
}
