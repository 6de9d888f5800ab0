package webapp

import (
	"encoding/json"
	"net/http"
)

// listed is the number of messages that the API returns.
const listed = 50

func (h *handler) getMessages(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := withTimeout(r)
	defer cancel()
	messages, err := h.store.Messages(ctx, listed)
	if err != nil {
		writeProblem(w, databaseProblem())
		return
	}
	writeJSON(w, http.StatusOK, messages)
}

func (h *handler) postMessage(w http.ResponseWriter, r *http.Request) {
	text, fault := jsonText(w, r)
	if fault != nil {
		writeProblem(w, fault)
		return
	}
	ctx, cancel := withTimeout(r)
	defer cancel()
	message, err := h.store.Post(ctx, text)
	if err != nil {
		writeProblem(w, databaseProblem())
		return
	}
	writeJSON(w, http.StatusCreated, message)
}

func (h *handler) wrongMethod(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Allow", "GET, HEAD, POST")
	writeProblem(w, &problem{http.StatusMethodNotAllowed, "method not allowed"})
}

func (h *handler) noSuchResource(w http.ResponseWriter, r *http.Request) {
	writeProblem(w, &problem{http.StatusNotFound, "no such resource"})
}

// databaseProblem says nothing about the cause: the log does, and it is no visitor's business.
func databaseProblem() *problem {
	return &problem{http.StatusServiceUnavailable, "database unavailable"}
}

func writeProblem(w http.ResponseWriter, fault *problem) {
	if fault.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	writeJSON(w, fault.status, map[string]string{"error": fault.text})
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false) // the type is JSON and nosniff: legible beats doubly safe
	encoder.Encode(value)        // fails only when the client is gone
}
