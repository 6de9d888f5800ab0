package h1

import "slices"

// Storable tells whether a shared cache may keep this answer to a request of the given method: by
// its status, as far as its Cache-Control says nothing else (RFC 9111 3 and 4.2.2).
func (h *Head) Storable(method []byte) bool {
	explicit := false
	for value := range h.values(nameCacheControl) {
		for value != nil {
			var directive []byte
			directive, value = nextElement(value)
			if forbidsStoring(directive) {
				return false
			}
			explicit = true
		}
	}
	return explicit || isSafe(method) && slices.Contains(storable[:], h.Status)
}

// storable are the statuses of answers that need no leave to be stored (RFC 9110 15.1).
var storable = [...]int{200, 203, 204, 206, 300, 301, 404, 405, 410, 414, 501}

func forbidsStoring(directive []byte) bool {
	for _, s := range []string{"private", "no-cache", "no-store", "max-age=0", "s-maxage=0"} {
		if equalFold(directive, s) {
			return true
		}
	}
	return false
}

// isSafe tells whether the method asks for nothing but an answer (RFC 9110 9.2.1).
func isSafe(method []byte) bool {
	switch string(method) {
	case "GET", "HEAD", "OPTIONS", "TRACE":
		return true
	}
	return false
}
