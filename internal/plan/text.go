package plan

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// WriteText writes the plan for a terminal or a log. What is empty is left out.
func (p *Plan) WriteText(w io.Writer) error {
	t := &page{}
	t.line("%s", p.Verdict)
	if p.HashNext != "" {
		t.line("in force %s, new %s", short(p.HashNow), short(p.HashNext))
	}
	if p.Changed() {
		t.line("for just this: balancer ctl reload plan %s", p.Hash)
	}
	t.changes("listeners", p.Listeners)
	t.changes("frontends and backends", p.Proxies)
	t.changes("servers", p.Servers)
	for class := range classes(p.Keys) {
		t.changes(class[0].Class, class)
	}
	t.clients(p.Clients)
	t.drains(p.Drains)
	t.fates("operators' orders", p.Orders)
	t.fates("servers added at run time", p.Dynamic)
	t.warnings(p.Warnings)
	_, err := w.Write(t.Bytes())
	return err
}

// page is the text so far.
type page struct{ bytes.Buffer }

func (t *page) line(format string, args ...any) { fmt.Fprintf(t, format+"\n", args...) }

func (t *page) title(s string) { t.line("\n%s", s) }

func (t *page) changes(title string, list []Change) {
	if len(list) == 0 {
		return
	}
	t.title(title)
	list = together(list)
	width := 0
	for _, c := range list {
		if n := utf8.RuneCountInString(c.Path); n <= widest {
			width = max(width, n)
		}
	}
	for _, c := range list {
		value := c.value()
		if value == "" {
			t.line("  %s %s", c.mark(), c.Path)
		} else {
			t.line("  %s %s %s", c.mark(), padded(c.Path+":", width+1), value)
		}
		for _, effect := range c.Effects {
			t.line("      %s", effect)
		}
	}
}

func (t *page) clients(list []Clients) {
	if len(list) == 0 {
		return
	}
	t.title("clients")
	for _, c := range list {
		if c.Sticky == nil && c.Keys == nil {
			t.line("    %s: nobody is bound to a server; %s decides for new requests", c.Backend, c.Balance)
		}
		if c.Sticky != nil {
			t.line("    %s: %s", c.Backend, c.Sticky)
		}
		if c.Keys != nil {
			t.line("    %s: %s", c.Backend, c.Keys)
		}
	}
}

// String is such as "sticky clients move from web2, which leaves (1 of 3 servers)".
func (s *Sticky) String() string {
	text := "no sticky client moves"
	if len(s.Servers) > 0 {
		var from []string
		for _, l := range s.Servers {
			if l.Why == "" {
				from = append(from, l.Server)
			} else {
				from = append(from, l.Server+", which "+l.Why)
			}
		}
		text = fmt.Sprintf("sticky clients move from %s (%d of %s)", strings.Join(first(from, 5), ", "), len(s.Servers), count(s.Of, "server"))
	}
	for _, more := range []string{s.Why, s.Maybe} {
		if more != "" {
			text += ": " + more
		}
	}
	return text
}

// String is such as "33.1% of the hashed keys move; 0.0% before the new servers are up".
func (k *Keys) String() string {
	if k.Cannot != "" {
		return "how many hashed keys move is not known: " + k.Cannot
	}
	text := fmt.Sprintf("%.1f%% of the hashed keys move", 100*k.Share)
	if k.AtOnce != k.Moved {
		text = fmt.Sprintf("%.1f%% of the hashed keys move at once, %.1f%% when the servers that are down until they pass a check are up",
			100*float64(k.AtOnce)/float64(k.Sample), 100*k.Share)
	}
	if k.Why != "" {
		text += ": " + k.Why
	}
	return text
}

func (t *page) drains(list []Drain) {
	if len(list) == 0 {
		return
	}
	t.title("drains")
	for _, d := range list {
		limit := "at most " + d.AtMost
		if d.AtMost == "0s" {
			limit = "cut at once"
		}
		t.line("    %s: %s, %s (%s): %s", d.Path, d.load, limit, d.Setting, d.Why)
	}
}

func (t *page) fates(title string, list []Fate) {
	if len(list) == 0 {
		return
	}
	t.title(title)
	for _, f := range list {
		what := f.Object
		if f.Key != "" {
			what += " " + f.Key + " " + f.Value
		}
		if f.By != "" {
			what += ", by " + f.By
		}
		if f.Reason != "" {
			what += ": " + f.Reason
		}
		switch {
		case f.Stays && f.Until != nil:
			t.line("  = %s: stays until %s", what, f.Until.UTC().Format(time.RFC3339))
		case f.Stays:
			t.line("  = %s: stays", what)
		default:
			t.line("  - %s: dropped, %s", what, f.Why)
		}
	}
}

func (t *page) warnings(list []Warning) {
	if len(list) == 0 {
		return
	}
	t.title("warnings")
	for _, w := range gathered(list, func(w *Warning) *string { return &w.Path }, func(w Warning) string { return fmt.Sprint(w.Text, w.AlreadySo) }) {
		if w.AlreadySo {
			t.line("    %s: %s (already so)", w.Path, w.Text)
		} else {
			t.line("  ! %s: %s", w.Path, w.Text)
		}
	}
}

// together puts changes of the same key in several frontends or backends, as defaults make them,
// into one.
func together(list []Change) []Change {
	return gathered(list, func(c *Change) *string { return &c.Path }, func(c Change) string {
		return fmt.Sprint(c.mark(), c.value(), c.Effects, c.at.isProxy(), c.at.server)
	})
}

// gathered puts items that say the same of several frontends or backends into one, with all
// their names in its path.
func gathered[T any](list []T, path func(*T) *string, says func(T) string) (fewer []T) {
	names, place := map[string][]string{}, map[string]int{}
	for _, item := range list {
		kind, name, rest := cutPath(*path(&item))
		what := kind + "\n" + rest + "\n" + says(item)
		if name == "" || names[what] == nil {
			place[what] = len(fewer)
			names[what] = []string{name}
			fewer = append(fewer, item)
			continue
		}
		names[what] = append(names[what], name)
		*path(&fewer[place[what]]) = kind + "[" + strings.Join(first(names[what], 4), ", ") + "]" + rest
	}
	return fewer
}

// cutPath cuts backends[app].timeout.server into backends, app and .timeout.server.
func cutPath(path string) (kind, name, rest string) {
	kind, rest, found := strings.Cut(path, "[")
	if !found || kind != "frontends" && kind != "backends" {
		return "", "", path
	}
	name, rest, _ = strings.Cut(rest, "]")
	return kind, name, rest
}

// classes cuts changes up by their class.
func classes(list []Change) func(func([]Change) bool) {
	return func(yield func([]Change) bool) {
		for len(list) > 0 {
			n := 1
			for n < len(list) && list[n].Class == list[0].Class {
				n++
			}
			if !yield(list[:n]) {
				return
			}
			list = list[n:]
		}
	}
}

// widest is how far values are moved to the right so that they stand below each other.
const widest = 48

func padded(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
}

// first shortens a list of names.
func first(names []string, most int) []string {
	if len(names) <= most {
		return names
	}
	return append(names[:most:most], fmt.Sprintf("%d more", len(names)-most))
}

// short is as much of a fingerprint as people compare.
func short(hash string) string {
	if hash == "" {
		return "unknown"
	}
	return hash[:min(len(hash), hashLength)]
}
