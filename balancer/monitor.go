package balancer

import (
	"bytes"

	"github.com/valyala/fasthttp"
)

// monitor answers a balancer in front of ours that asks how the default backend is, if the request
// is such a question, and tells whether it is. As with HAProxy's monitor-uri there is no line in
// the log, and nothing is counted but that.
func (x *exchange) monitor() bool {
	m := x.frontend.monitored
	if m == nil {
		return false
	}
	if path, _, _ := bytes.Cut(x.head.Path(), []byte("?")); string(path) != m.Path {
		return false
	}
	x.local, x.silent = true, true
	x.frontend.Counters.Intercepted.Inc()
	x.status = fasthttp.StatusOK
	words := "The service is ready."
	if x.stopping() || x.backend.usable() < m.FailBelow {
		x.status = fasthttp.StatusServiceUnavailable
		words = "The service is not ready."
	}
	x.answerOwn(words, "")
	return true
}

// usable is how many servers of the backend get requests.
func (b *Backend) usable() (n int) {
	for _, s := range b.Servers {
		if s.Usable() {
			n++
		}
	}
	return n
}
