package explain

import (
	"maps"
	"net/url"
	"slices"

	"relais/balancer/why"
	"relais/stats/page"
)

// view is what the template shows.
type view struct {
	*Page
	Style, Icon string
	Action      string // where the forms go
	Time        string
	Choices     []string // of backends
	Error       string

	Story  *story
	Shares *shares
	List   []entry
}

func newView(p *Page) view {
	v := view{
		Page: p, Style: page.StylePath(p.Stats), Icon: page.IconPath(p.Stats), Action: Path(p.Stats),
		Time: p.Now.UTC().Format("2006-01-02 15:04:05 UTC"), Choices: p.Backends,
	}
	if asked := p.Field("backend"); asked != "" && !slices.Contains(p.Backends, asked) {
		v.Choices = append(slices.Clip(p.Backends), asked) // requests are remembered for longer than backends
	}
	if p.Err != nil {
		v.Error = p.Err.Error()
	}
	switch a := &p.Answer; {
	case a.Request != nil:
		v.Story = newStory(a.Request, p)
	case a.Shares != nil:
		v.Shares = newShares(a, p)
	default:
		v.List = newList(a.List, p)
	}
	return v
}

// Title says what the page is about.
func (v view) Title() string {
	switch {
	case v.Story != nil:
		return "Why this server? Request " + v.Story.ID
	case v.Shares != nil:
		return "Why these shares? Backend " + v.Answer.Shares.Backend
	}
	return "Why this server?"
}

// ask is the address of a question, without the fields that are not filled in.
func (p *Page) ask(fields url.Values) string {
	maps.DeleteFunc(fields, func(_ string, values []string) bool { return values[0] == "" })
	return Path(p.Stats) + "?" + fields.Encode()
}

// figures is where the figures of a backend are, or of one of its servers.
func (p *Page) figures(backend, server string) string {
	id := backend
	if server != "" {
		id += "/" + server
	}
	return p.Stats + (&url.URL{Fragment: id}).String()
}

// entry is a request in the list.
type entry struct {
	why.Line
	Level, Mark string
	Story       string // its address
}

func newList(records []why.Record, p *Page) (list []entry) {
	for i := range records {
		r := &records[i]
		e := entry{Line: r.Line(), Story: p.ask(url.Values{"id": {string(r.ID)}})}
		e.Level, e.Mark = level(r)
		list = append(list, e)
	}
	return list
}

// level tells how well a request went: good, warn or bad, and the same without colour.
func level(r *why.Record) (level, mark string) {
	switch l := r.Line(); {
	case l.Failed || r.Status >= 500:
		return "bad", "✖"
	case l.Why != "-":
		return "warn", "!"
	}
	return "good", "✔"
}
