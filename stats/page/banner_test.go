package page_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"relais/stats"
	"relais/stats/statstest"
)

func TestBanners(t *testing.T) {
	for _, tt := range []struct {
		name    string
		process stats.Process
		suffix  string
		want    []string // level: words
	}{
		{"all is well", stats.Process{}, "", nil},
		{"not valid", stats.Process{ConfigFault: "b.yml:3: <no>"}, "", []string{"bad: The configuration on disk is not valid; a restart would fail: b.yml:3: &lt;no&gt;"}},
		{"pending", stats.Process{ConfigPending: true}, "", []string{"warn: The configuration on disk has changed since it was loaded; reload to put it in force"}},
		{"refused", stats.Process{ReloadFault: "b.yml:3: no"}, "", []string{"bad: The last reload was refused: b.yml:3: no"}},
		{"done and pending", stats.Process{ConfigPending: true}, ";st=DONE", []string{"good: Action processed successfully.", "warn: The configuration on disk has changed since it was loaded; reload to put it in force"}},
		{"partial", stats.Process{}, ";st=PART", []string{"warn: Action partially processed. Some server names are probably unknown or ambiguous (duplicated names in the backend)."}},
		{"none", stats.Process{}, ";st=NONE", []string{"warn: Nothing has changed."}},
		{"parameters", stats.Process{}, ";st=ERRP", []string{"bad: Action not processed because of invalid parameters."}},
		{"exceeded", stats.Process{}, ";st=EXCD", []string{"bad: Action not processed : the buffer couldn&#39;t store all the data. You should retry with less servers at a time."}},
		{"denied", stats.Process{}, ";st=DENY", []string{"bad: Action denied."}},
		{"invalid", stats.Process{}, ";st=IVAL", []string{"bad: Invalid requests (unsupported method or chunked encoded request)."}},
		{"unknown", stats.Process{}, ";st=UNKN", []string{"bad: Unexpected result."}},
		{"never heard of", stats.Process{}, ";st=%3Cb%3E", []string{"bad: Unexpected result."}},
	} {
		s := statstest.Healthy()
		s.Process = tt.process
		html := string(render(t, s, admin(tt.suffix+";up")))
		var got []string
		for _, m := range banners.FindAllStringSubmatch(html, -1) {
			got = append(got, m[1]+": "+m[2])
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
		dismissed := strings.Contains(html, `<a href="/haproxy-stats;up">Dismiss</a>`)
		if dismissed != (tt.suffix != "") || linkWithOutcome.MatchString(html) {
			t.Errorf("%s: it can be dismissed: %v", tt.name, dismissed)
		}
	}
}

var linkWithOutcome = regexp.MustCompile(`(href|action)="[^"]*st=`)

var banners = regexp.MustCompile(`(?s)<div class="banner (\w+)".*?<p>(.*?)</p>`)
