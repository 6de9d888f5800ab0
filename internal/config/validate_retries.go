package config

import (
	"fmt"
	"slices"
	"strconv"

	"relais/internal/config/spell"
)

// retryStatuses lists the statuses after which HAProxy can send a request again.
func retryStatuses() []string {
	return []string{"401", "403", "404", "408", "421", "425", "429", "500", "501", "502", "503", "504"}
}

func retryEvents() []string {
	return []string{"conn-failure", "empty-response", "junk-response", "response-timeout"}
}

// RetryEvents replaces the words none and all-retryable-errors of retry_on by what they stand
// for: nothing, and HAProxy's list.
func RetryEvents(words []string) []string {
	switch {
	case slices.Contains(words, "none"):
		return nil
	case !slices.Contains(words, "all-retryable-errors"):
		return words
	}
	all := append(retryEvents(), "500", "502", "503", "504")
	for _, word := range words {
		if word != "all-retryable-errors" && !slices.Contains(all, word) {
			all = append(all, word)
		}
	}
	return all
}

func (v *validator) retries(path string, b *Backend) {
	if b.Retries < 0 {
		v.fault(path+".retries", "%d is out of range; write 0 for no retry, or a number such as 3", b.Retries)
	}
	if len(b.RetryOn) == 0 {
		v.fault(path+".retry_on", "is empty; write none, or what is tried again, such as conn-failure")
	}
	for i, word := range b.RetryOn {
		v.retryOn(fmt.Sprintf("%s.retry_on[%d]", path, i), word, len(b.RetryOn) == 1)
	}
	if r := b.RetryBudget.Ratio; r < 0 || r > 10 {
		v.fault(path+".retry_budget.ratio", "%v is out of range; write 0 to 10, such as 0.2 for one retry to five requests", r)
	}
	v.notBelow0(path+".retry_budget.floor", b.RetryBudget.Floor, "a number of retries per second, or 0 for none")
}

func (v *validator) retryOn(path, word string, alone bool) {
	known := append(retryEvents(), "all-retryable-errors", "none")
	status, err := strconv.Atoi(word)
	switch near := spell.Nearest(word, known); {
	case word == "none" && !alone:
		v.fault(path, "none cannot stand beside others; remove it, or the others")
	case word == "none" || slices.Contains(retryStatuses(), word):
	case err == nil:
		v.fault(path, "%d is not among the statuses that can be tried again; write %s", status, orList(retryStatuses()))
	case near != "" && near != word:
		v.fault(path, "%q is not known; did you mean %q?", word, near)
	default:
		v.oneOf(path, word, append(known, "a status such as 503"), "0rtt-rejected")
	}
}
