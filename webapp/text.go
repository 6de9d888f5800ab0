package webapp

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxText is the longest message, in characters.
const maxText = 500

// A problem is why a request is refused, for the one who sent it.
type problem struct {
	status int
	text   string
}

// formText reads a message from the page's form. A text that is refused comes back too, so that
// it can be corrected.
func formText(w http.ResponseWriter, r *http.Request) (string, *problem) {
	if fault := requireType(r, "application/x-www-form-urlencoded"); fault != nil {
		return "", fault
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		return "", bodyProblem(err, "a form")
	}
	return cleanText(r.PostForm.Get("text"))
}

// jsonText reads a message from {"text":"..."}.
func jsonText(w http.ResponseWriter, r *http.Request) (string, *problem) {
	if fault := requireType(r, "application/json"); fault != nil {
		return "", fault
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return "", bodyProblem(err, "JSON")
	}
	if !utf8.Valid(body) { // the decoder would replace the faulty bytes silently
		return "", &problem{http.StatusBadRequest, "the body is not valid UTF-8"}
	}
	var message struct {
		Text *string `json:"text"`
	}
	if err := json.Unmarshal(body, &message); err != nil {
		return "", bodyProblem(err, "JSON")
	}
	if message.Text == nil {
		return "", &problem{http.StatusBadRequest, `the body lacks "text"`}
	}
	return cleanText(*message.Text)
}

// cleanText trims a message and refuses what cannot be shown.
func cleanText(text string) (string, *problem) {
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")) // forms send CRLF
	length := utf8.RuneCountInString(text)
	switch {
	case !utf8.ValidString(text):
		return "", &problem{http.StatusBadRequest, "the text is not valid UTF-8"}
	case length == 0:
		return "", &problem{http.StatusBadRequest, "the text is empty"}
	case length > maxText:
		return text, &problem{http.StatusBadRequest, fmt.Sprintf("the text has %d characters, at most %d are allowed", length, maxText)}
	case strings.ContainsFunc(text, forbidden):
		return "", &problem{http.StatusBadRequest, "the text holds control characters"}
	}
	return text, nil
}

func forbidden(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }

func requireType(r *http.Request, want string) *problem {
	got, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || got != want {
		return &problem{http.StatusUnsupportedMediaType, "the body must be " + want}
	}
	return nil
}

func bodyProblem(err error, want string) *problem {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return &problem{http.StatusRequestEntityTooLarge, fmt.Sprintf("the body has more than %d bytes", tooLarge.Limit)}
	}
	return &problem{http.StatusBadRequest, fmt.Sprintf("the body is not %s: %v", want, err)}
}
