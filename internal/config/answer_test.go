package config

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"relais/internal/testkit"
)

func TestLoadAnswer(t *testing.T) {
	for name, want := range map[string]Answer{
		"haproxy-503": {503, "Service Unavailable", [][2]string{{"Cache-Control", "no-cache"}, {"Content-Type", "text/html"}},
			[]byte("<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n\n")},
		"redirect": {302, "Found", [][2]string{{"Location", "https://status.example.com/"}}, []byte{}},
		"length":   {503, "Back soon", [][2]string{{"Retry-After", "30"}}, []byte("Busy\n")},
	} {
		got, err := answerFile(name).LoadAnswer()
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: LoadAnswer = %v, %v\nwant %v", name, got, err, want)
		}
	}
	for name, want := range map[string]string{
		"length-differs": `FILE says Content-Length: 4, but its body has 5 bytes; write 5, or remove that line`,
		"chunked":        `line 2 of FILE has a Transfer-Encoding; remove it, the body is the rest of the file as it stands there`,
		"no-empty-line":  `FILE has no empty line behind its header fields; write one, and the body below it`,
		"page-only":      `line 1 of FILE is "<html>"; write a status line such as HTTP/1.1 503 Service Unavailable`,
	} {
		path := answerFile(name)
		_, err := path.LoadAnswer()
		if err == nil || strings.ReplaceAll(err.Error(), fmt.Sprintf("%q", path), "FILE") != want {
			t.Errorf("%s: LoadAnswer = %v\nwant %s", name, err, want)
		}
	}
}

func answerFile(name string) Path { return NewPath(filepath.Join("testdata", "answers", name+".http")) }

func TestParseAnswer(t *testing.T) {
	for text, want := range map[string]string{
		"":                          `1: is ""; write a status line such as HTTP/1.1 503 Service Unavailable`,
		"HTTP/1.1 503":              `0: has no empty line behind its header fields; write one, and the body below it`,
		"HTTP/2 503 Sorry\n\n":      `1: is "HTTP/2 503 Sorry"; write a status line such as HTTP/1.1 503 Service Unavailable`,
		"HTTP/1.1 5O3 Sorry\n\n":    `1: is "HTTP/1.1 5O3 Sorry"; write a status line such as HTTP/1.1 503 Service Unavailable`,
		"HTTP/1.1 503 a\rb\n\n":     `1: is "HTTP/1.1 503 a\rb"; write a status line such as HTTP/1.1 503 Service Unavailable`,
		"HTTP/1.1 100 Continue\n\n": `1: has status 100; write one from 200 to 599`,
		"HTTP/1.1 600 High\n\n":     `1: has status 600; write one from 200 to 599`,
		"HTTP/1.1 503 Sorry\r\nRetry-After : 5\r\n\r\n":                  `2: is "Retry-After : 5"; write a header field such as Content-Type: text/html, and an empty line before the body`,
		"HTTP/1.1 503 Sorry\nA: b\n more\n\n":                            `3: is " more"; write a header field such as Content-Type: text/html, and an empty line before the body`,
		"HTTP/1.1 503 Sorry\nBack soon\n\n":                              `2: is "Back soon"; write a header field such as Content-Type: text/html, and an empty line before the body`,
		"HTTP/1.1 503 Sorry\n: b\n\n":                                    `2: is ": b"; write a header field such as Content-Type: text/html, and an empty line before the body`,
		"HTTP/1.1 503 Sorry\nX-A: b\rX-C: d\n\n":                         `2: has a control character in the value of X-A; remove it`,
		"HTTP/1.1 503 Sorry\nX-A: \x00\n\n":                              `2: has a control character in the value of X-A; remove it`,
		"HTTP/1.1 503 Sorry\ntransfer-encoding: identity\n\n":            `2: has a Transfer-Encoding; remove it, the body is the rest of the file as it stands there`,
		"HTTP/1.1 503 Sorry\nContent-Length: 2\nContent-Length: 3\n\nab": `0: says Content-Length: 3, but its body has 2 bytes; write 2, or remove that line`,
		"HTTP/1.1 503 Sorry\nContent-Length: +2\n\nab":                   `0: says Content-Length: +2, but its body has 2 bytes; write 2, or remove that line`,
		"HTTP/1.1 204 No Content\n\nab":                                  `0: has status 204, which has no body, and a body of 2 bytes; remove the body`,
	} {
		if got, line, err := parseAnswer([]byte(text)); err == nil || fmt.Sprintf("%d: %s", line, err) != want {
			t.Errorf("%q: parseAnswer = %v, line %d, %v\nwant %s", text, got, line, err, want)
		}
	}
	for text, want := range map[string]Answer{
		"HTTP/1.0 503\n\n":                                      {503, "", nil, []byte{}},
		"HTTP/1.1 503 \n\n":                                     {503, "", nil, []byte{}},
		"HTTP/1.1 204 No Content\r\n\r\n":                       {204, "No Content", nil, []byte{}},
		"HTTP/1.1 503 Gewiß\nX-A:\nx-a: \tä b \n\n\n":           {503, "Gewiß", [][2]string{{"X-A", ""}, {"x-a", "ä b"}}, []byte("\n")},
		"HTTP/1.1 503 S\nConnection: close\nkeep-alive: 5\n\nx": {503, "S", nil, []byte("x")},
	} {
		if got, _, err := parseAnswer([]byte(text)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: parseAnswer = %v, %v\nwant %v", text, got, err, want)
		}
	}
}

// The limit is HAProxy's buffer: 16 KiB are read, one more byte is not.
func TestAnswerSize(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sorry.http")
	text := "HTTP/1.1 503 Sorry\n\n"
	for size, want := range map[int]string{
		int(maxAnswer):     "",
		int(maxAnswer) + 1: fmt.Sprintf("%q has more than 16KiB; write the path of a file with an HTTP answer of at most 16KiB", path),
	} {
		testkit.WriteFile(t, path, []byte(text+strings.Repeat("x", size-len(text))))
		answer, err := NewPath(path).LoadAnswer()
		if (want == "") != (err == nil) || err != nil && err.Error() != want {
			t.Errorf("%d bytes: %d were read, %v; want %q", size, len(answer.Body), err, want)
		}
	}
}

// Whatever a file holds: it is refused, or it means the same when it is written down again.
func FuzzParseAnswer(f *testing.F) {
	files, err := filepath.Glob("testdata/answers/*.http")
	if err != nil || len(files) == 0 {
		f.Fatalf("found %d files: %v", len(files), err)
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		answer, _, err := parseAnswer(data)
		if err != nil {
			return
		}
		var wire bytes.Buffer
		fmt.Fprintf(&wire, "HTTP/1.1 %d %s\r\n", answer.Status, answer.Reason)
		for _, field := range answer.Header {
			fmt.Fprintf(&wire, "%s: %s\r\n", field[0], field[1])
		}
		fmt.Fprintf(&wire, "Content-Length: %d\r\n\r\n%s", len(answer.Body), answer.Body)
		again, line, err := parseAnswer(wire.Bytes())
		if err != nil || !reflect.DeepEqual(again, answer) {
			t.Errorf("%q was read as %v, and written down as %v, line %d, %v", data, answer, again, line, err)
		}
	})
}
