package config

import (
	"fmt"
	"maps"
	"slices"
)

// errorStatuses lists what error_files knows: the statuses of HAProxy's errorfile, and the two
// with which a request line and a header that are too long are answered.
func errorStatuses() []int {
	return []int{200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 414, 425, 429, 431, 500, 501, 502, 503, 504}
}

func (v *validator) errorFiles(path string, files map[int]Path) {
	for _, status := range slices.Sorted(maps.Keys(files)) {
		at := fmt.Sprintf("%s.%d", path, status)
		v.refuse(at, errorStatusFault(status))
		if files[status].None() {
			v.fault(at, "missing; write the path of a file with an HTTP answer")
		} else if _, err := files[status].LoadAnswer(); err != nil {
			v.fault(at, "%s", err)
		}
	}
}

func errorStatusFault(status int) string {
	known := errorStatuses()
	if slices.Contains(known, status) {
		return ""
	}
	if status == 499 {
		return "499 says that the client has left, so nobody reads its answer; remove it"
	}
	words := make([]string, len(known))
	for i, code := range known {
		words[i] = fmt.Sprint(code)
	}
	return fmt.Sprintf("%d is not known; write %s", status, orList(words))
}
