package page

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"sync"

	"relais/stats"
)

// Frame is the page at one moment, for those who watch it. It does not change, and may be used by
// many goroutines.
type Frame struct {
	number uint64
	stamp  string
	page   *region
	latest func() []byte
}

// NextFrame makes the frame that follows last, which is nil for the first one. Both are of the
// same options.
func NextFrame(last *Frame, s *stats.Snapshot, o Options) (*Frame, error) {
	var b strings.Builder
	var before *region
	if last != nil {
		before = last.page
		b.Grow(len(before.html) + len(before.html)/16)
	}
	if err := Render(&b, s, o); err != nil {
		return nil, err
	}
	whole, err := cut(b.String())
	if err != nil {
		return nil, err
	}
	f := &Frame{number: 1, stamp: stampOf(whole), page: whole}
	if last != nil {
		f.number = last.number + 1
	}
	whole.follow(before, f.number)
	f.latest = sync.OnceValue(func() []byte { return f.event(f.number - 1) })
	return f, nil
}

// Number counts the frames of one line, from 1.
func (f *Frame) Number() uint64 { return f.number }

// Event returns what has changed since the frame of a number, 0 for who has seen none, as a
// server-sent event (HTML 9.2): its data are a JSON object with the HTML of each element that has
// changed by its id, exactly as in the page, and its id stands for what never changes while a page
// is open. Nil: nothing has changed. Most viewers have seen the frame before, and share what this
// returns: they must not change it.
func (f *Frame) Event(since uint64) []byte {
	if since == f.number-1 {
		return f.latest()
	}
	return f.event(since)
}

func (f *Frame) event(since uint64) []byte {
	changed := map[string]string{}
	for _, r := range f.page.inside {
		r.collect(since, changed)
	}
	if len(changed) == 0 {
		return nil
	}
	var b bytes.Buffer
	b.WriteString("id: " + f.stamp + "\ndata: ")
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // a script reads it as well without, and it is half as long
	_ = e.Encode(changed)  // which cannot fail for strings in memory
	b.WriteByte('\n')
	return b.Bytes()
}

// stampOf tells a page from one that its script must load again: another style, another script.
func stampOf(page *region) string {
	sum := sha256.Sum256([]byte(strings.Join(page.between, "")))
	return hex.EncodeToString(sum[:6])
}

// live is where the script learns what changes: the same page, the outcome of an action included.
func (o Options) live() string {
	same := o.Options
	same.Format = stats.Live
	return o.Path + same.Suffix()
}
