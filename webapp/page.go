package webapp

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"hash/fnv"
	"html/template"
	"net/http"
	"strconv"

	"relais/webapp/store"
)

var (
	//go:embed assets/page.html
	pageTemplate string
	//go:embed assets/page.css
	pageStyle string
)

// pageData is what the template shows. Without a View the database is unavailable.
type pageData struct {
	Server  string
	Hue     uint32
	Style   template.CSS
	MaxText int
	View    *store.View
	Draft   string // what the visitor wrote and could not be kept
	Problem string // why
}

// getPage writes the visit before it answers. The page never fails because of the database. A
// HEAD shows nobody anything and is no visit.
func (h *handler) getPage(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := withTimeout(r)
	defer cancel()
	look := h.store.Visit
	if r.Method == http.MethodHead {
		look = h.store.View
	}
	page := pageData{}
	if view, err := look(ctx); err == nil {
		page.View = &view
	}
	h.render(w, http.StatusOK, page)
}

// postForm takes the page's form and sends the browser back to the page.
func (h *handler) postForm(w http.ResponseWriter, r *http.Request) {
	text, fault := formText(w, r)
	if fault == nil {
		ctx, cancel := withTimeout(r)
		defer cancel()
		if _, err := h.store.Post(ctx, text); err == nil {
			http.Redirect(w, r, "/", http.StatusSeeOther)
			return
		}
		fault = &problem{http.StatusServiceUnavailable, "The database does not answer. Your message is still here: send it again in a moment."}
	}
	ctx, cancel := withTimeout(r)
	defer cancel()
	page := pageData{Draft: text, Problem: fault.text}
	if view, err := h.store.View(ctx); err == nil {
		page.View = &view
	}
	h.render(w, fault.status, page)
}

func (h *handler) render(w http.ResponseWriter, status int, page pageData) {
	page.Server, page.Hue, page.Style, page.MaxText = h.server, hue(h.server), template.CSS(pageStyle), maxText
	var body bytes.Buffer
	if err := h.page.Execute(&body, page); err != nil {
		h.log.Error().Err(err).Msg("page not rendered")
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(status)
	w.Write(body.Bytes())
}

// parsePage makes the page. The style is part of it: a visit is one request, so that reloading
// goes round the servers one by one.
func parsePage() *template.Template {
	functions := template.FuncMap{"grouped": grouped, "hue": hue}
	return template.Must(template.New("page").Funcs(functions).Parse(pageTemplate))
}

// styleHash names the only style that browsers may apply.
func styleHash() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// hue gives every server one of the six colours of the style.
func hue(server string) uint32 {
	sum := fnv.New32a()
	sum.Write([]byte(server))
	return sum.Sum32() % 6
}

// grouped writes 1234567 as 1,234,567.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
