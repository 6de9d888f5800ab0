package stats

import "testing"

func TestCookieColumn(t *testing.T) {
	for _, test := range []struct {
		row  Row
		want string
	}{
		{Row{Scope: Backend, Cookie: "SRV"}, "SRV"},
		{Row{Scope: Server, Cookie: "web1"}, "web1"},
		{Row{Scope: Server}, ""},
		{Row{Scope: Frontend, Cookie: "SRV"}, ""},
	} {
		for _, c := range Columns() {
			if got := c.Of(&test.row).String(); c.Name == "cookie" && got != test.want {
				t.Errorf("%+v: got %q, want %q", test.row, got, test.want)
			}
		}
	}
}
