package balancer

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"relais/internal/config"
)

// errorPage is an answer from a file, which takes the place of the balancer's own page of one
// status.
type errorPage struct {
	head  []byte // status line and fields, but those that the request and the connection decide
	body  string
	named bool // it has an X-Request-Id of its own
	json  bool
}

// loadErrorPages reads the files of the statuses, the smallest first.
func loadErrorPages(files map[int]config.Path) (map[int]*errorPage, error) {
	pages := make(map[int]*errorPage, len(files))
	for _, status := range slices.Sorted(maps.Keys(files)) {
		answer, err := files[status].LoadAnswer()
		if err != nil {
			return nil, fmt.Errorf("read error file of status %d: %w", status, err)
		}
		pages[status] = newErrorPage(&answer)
	}
	return pages, nil
}

// newErrorPage takes an answer whose head says nothing of where it ends and what becomes of the
// connection: that is for the balancer to say.
func newErrorPage(a *config.Answer) *errorPage {
	p := &errorPage{body: string(a.Body), head: fmt.Appendf(nil, "HTTP/1.1 %d %s\r\n", a.Status, a.Reason)}
	for _, field := range a.Header {
		switch strings.ToLower(field[0]) {
		case "x-request-id":
			p.named = true
		case "content-type":
			p.json = isJSON(field[1])
		}
		p.head = fmt.Appendf(p.head, "%s: %s\r\n", field[0], field[1])
	}
	p.head = fmt.Appendf(p.head, "Content-Length: %d\r\n", len(p.body))
	return p
}

// isJSON tells whether a Content-Type is application/json or another one of its family, such as
// application/problem+json.
func isJSON(contentType string) bool {
	media, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	media = strings.TrimSpace(media)
	return media == "application/json" || strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json")
}

// answerFile answers with a page from a file. What is counted and logged stays the status of
// which it takes the place, as with HAProxy. fields are lines of its head.
func (x *exchange) answerFile(p *errorPage, fields string) {
	head := append(slices.Clone(p.head), fields...)
	if !p.named {
		head = fmt.Appendf(head, "X-Request-Id: %s\r\n", x.id[:])
	}
	x.sendPage(head, p.body)
}
