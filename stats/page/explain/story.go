package explain

import (
	"net/url"
	"slices"
	"strings"

	"relais/balancer/why"
)

// story is the story of a request.
type story struct {
	why.Story
	Level, Mark string
	About       []why.Fact // all that is known of the request as a whole
	Servers     *servers   // nil: nobody knows how they stood
	Links       []link     // to what may be asked next
}

type link struct{ Text, Address string }

func newStory(r *why.Record, p *Page) *story {
	s := &story{Story: r.Story(), Links: links(r, p)}
	s.Level, s.Mark = level(r)
	s.About = slices.Concat([]why.Fact{{Name: "request", Text: s.ID}}, s.Facts, s.Ending)
	s.Servers = newServers(s.Choices, r.Backend, p)
	return s
}

func links(r *why.Record, p *Page) (list []link) {
	add := func(text string, fields url.Values) { list = append(list, link{text, p.ask(fields)}) }
	if r.Client.IsValid() {
		client := r.Client.Addr().String()
		add("Requests of "+client, url.Values{"client": {client}})
	}
	if path, _, _ := strings.Cut(string(r.Target), "?"); path != "" {
		add("Requests with this path", url.Values{"path": {path}})
	}
	if r.Backend != "" {
		add("Slow and failed requests to "+r.Backend, url.Values{"backend": {r.Backend}, "abnormal": {"1"}})
		add("Shares of the servers of "+r.Backend, url.Values{"backend": {r.Backend}})
	}
	return list
}
