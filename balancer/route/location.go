package route

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"relais/internal/config"
)

// ErrLocation says that a redirect would lead where nobody meant it to.
var ErrLocation = errors.New("the request makes no sound location of a redirect")

// Location is where a redirect leads to. It is not changed.
type Location struct {
	code   int
	whole  template
	prefix bool // the request's own path and query follow
}

func newLocation(c *config.Redirect) (action, error) {
	if !slices.Contains([]int{301, 302, 303, 307, 308}, c.Code) {
		return nil, fmt.Errorf("redirect: the code is %d; write 301, 302, 303, 307 or 308", c.Code)
	}
	l := &Location{code: c.Code, prefix: c.Location == ""}
	text := c.Location
	if l.prefix {
		text = c.Prefix
	}
	var err error
	if l.whole, err = compileTemplate(text, inRedirect); err != nil {
		return nil, fmt.Errorf("redirect: %w", err)
	}
	if text == "" || !soundURL([]byte(text)) {
		return nil, fmt.Errorf("redirect: the location is %q; write a URL without spaces", text)
	}
	if l.prefix && text == "/" {
		return nil, errors.New(`redirect: the prefix is "/", which would make a host of a path; write the beginning of a URL without a slash at its end`)
	}
	return l, nil
}

func (l *Location) decide(*Request, time.Time) (Decision, bool) {
	return Decision{Kind: Redirect, Status: l.code, Location: l}, true
}

// Append appends the location for a request. What the client sent stays as it is, so the error is
// ErrLocation if that holds what cannot stand in a URL, lacks the host that is to be named, or if
// it made another host of a path: browsers take "//name" and "/\name" for that.
func (l *Location) Append(dst []byte, r *Request, values Values) ([]byte, error) {
	from := len(dst)
	dst = l.whole.append(dst, values)
	if l.prefix && hasPrefix(r.path, "/") {
		dst = append(dst, r.path...)
	}
	if l.prefix && r.query != nil {
		dst = append(append(dst, '?'), r.query...)
	}
	url := dst[from:]
	start := l.whole.start()
	elsewhere := len(url) > 1 && (url[0] == '/' || url[0] == '\\') && (url[1] == '/' || url[1] == '\\') && len(start) < 2
	if elsewhere || len(url) == 0 || !soundURL(url) || l.whole.names("host") && len(r.host) == 0 {
		return dst[:from], ErrLocation
	}
	return dst, nil
}

// soundURL tells whether b holds nothing that a header field could not, and no space.
func soundURL(b []byte) bool {
	return !slices.ContainsFunc(b, func(c byte) bool { return c <= ' ' || c == 0x7f })
}
