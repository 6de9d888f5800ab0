package latency

import "time"

// Window is a stretch of time before now.
type Window int

// The windows, shortest first.
const (
	TenSeconds Window = iota
	Minute
	FiveMinutes
)

// Windows returns all of them, shortest first.
func Windows() []Window { return []Window{TenSeconds, Minute, FiveMinutes} }

// Duration returns how long the window is.
func (w Window) Duration() time.Duration {
	return [...]time.Duration{10 * time.Second, time.Minute, 5 * time.Minute}[w]
}

// String returns the window's name on the page: 10s, 1m or 5m.
func (w Window) String() string { return [...]string{"10s", "1m", "5m"}[w] }

// parts is in how many a window is divided. One of them is under way.
const parts = 5

// windows remembers what was observed lately, for each window in parts of its own: one
// line of parts, each as short as those of the shortest window, would take ten times as much.
type windows struct {
	base   time.Time // of all parts. Its monotonic clock makes them independent of the wall clock
	newest time.Duration
	parts  [FiveMinutes + 1][parts]part
}

// part is what was observed in one part of a window.
type part struct {
	number int32  // since base
	counts []byte // as by Counts.encode
}

// numberOf returns the part of w that is under way when since has passed since base.
func (w Window) numberOf(since time.Duration) int32 {
	return int32(since / (w.Duration() / parts))
}

// over tells whether nothing is remembered that still is in a window, or time goes backwards.
func (ws *windows) over(now time.Time) bool {
	since := now.Sub(ws.base)
	return since < ws.newest || FiveMinutes.numberOf(since)-FiveMinutes.numberOf(ws.newest) >= parts
}

// add counts what was observed up to now. It uses up fresh.
func (ws *windows) add(now time.Time, fresh *Counts) {
	ws.newest = now.Sub(ws.base)
	fresh.tick = fresh.encode(fresh.tick[:0])
	for _, w := range Windows() {
		number := w.numberOf(ws.newest)
		p := &ws.parts[w][number%parts]
		if p.number != number {
			*p = part{number: number, counts: p.counts[:0]}
		}
		fresh.Reset()
		fresh.decode(p.counts)
		fresh.decode(fresh.tick)
		p.keep(fresh)
	}
}

// keep makes counts what the part holds. Memory that is too small is replaced by what just
// suffices: soon all parts of steady traffic have what they need.
func (p *part) keep(counts *Counts) {
	counts.part = counts.encode(counts.part[:0])
	if len(counts.part) > cap(p.counts) {
		p.counts = nil
	}
	p.counts = append(p.counts[:0], counts.part...)
}

// addTo adds window w to c. A part that is newer than now is one of a tick since now was read.
func (ws *windows) addTo(c *Counts, w Window, now time.Time) {
	oldest := w.numberOf(now.Sub(ws.base)) - parts + 1
	for i := range ws.parts[w] {
		if p := &ws.parts[w][i]; p.number >= oldest {
			c.decode(p.counts)
		}
	}
}
