package accesslog

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

const page = "../../docs/logs.md"

// Each key of a line has a row on the page about logs.
func TestPageDescribesEveryField(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	full := ordinary()
	full.TLS, full.ClientID, full.Referer, full.Why, full.Reason = true, []byte("x"), []byte("x"), "x", "x"
	session := full
	session.TCP = true
	for _, x := range []*Entry{&full, &session} {
		fields := map[string]any{}
		if err := json.Unmarshal(line(x), &fields); err != nil {
			t.Fatal(err)
		}
		for key := range fields {
			if !strings.Contains(string(text), "\n| `"+key+"` |") {
				t.Errorf("key %q has no row on %s", key, page)
			}
		}
	}
}
