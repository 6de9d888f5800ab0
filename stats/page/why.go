package page

import "net/url"

// why is where the page that says why answers a question; empty: there is none.
func (o Options) why(question url.Values) string {
	if o.Explain == "" {
		return ""
	}
	return o.Explain + "?" + question.Encode()
}
