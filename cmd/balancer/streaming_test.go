package main_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"relais/internal/testkit"
)

// TestStreaming has servers write a line with the time at which they write it now and then, in
// each way that HTTP has for an answer that is not known in advance: the head and every line are
// at the client within 50 ms.
func TestStreaming(t *testing.T) {
	events := testkit.HTTPServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("X-Sent", stamp())
		flush := http.NewResponseController(w).Flush
		_ = flush()
		for range drip {
			_, _ = fmt.Fprintf(w, "data: %s\n\n", stamp())
			_ = flush()
		}
	})
	for name, addr := range map[string]string{
		"server-sent events": testkit.Address(events),
		"a chunk for each": dripping(t, "Transfer-Encoding: chunked\r\n", func(c *testkit.Conn, line string) {
			c.Send(fmt.Sprintf("%x\r\n%s\r\n", len(line), line))
		}),
		"a chunk for each byte": dripping(t, "Transfer-Encoding: chunked\r\n", func(c *testkit.Conn, line string) {
			for _, b := range []byte(line) {
				c.Send("1\r\n" + string(b) + "\r\n")
			}
		}),
		"parts of one chunk": dripping(t, "Transfer-Encoding: chunked\r\n\r\nfffff", (*testkit.Conn).Send),
		"until close":        dripping(t, "Connection: close\r\n", (*testkit.Conn).Send),
		"with a length":      dripping(t, "Content-Length: 1000000\r\n", (*testkit.Conn).Send),
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, farm("", addr), nil)
			config, settings := overTLS(t, farm("", addr))
			secure := run(t, config, nil)
			client := &http.Client{Transport: &http.Transport{TLSClientConfig: settings}}
			for _, url := range []string{"http://" + r.addr, "https://" + secure.addr} {
				prompt(t, client, url)
			}
		})
	}
}

// drip yields a few times, with some time in between.
func drip(yield func(int) bool) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for i := 0; i < 25 && yield(i); i++ {
		<-tick.C
	}
}

func stamp() string { return strconv.FormatInt(time.Now().UnixNano(), 10) }

// dripping starts a server whose answers begin as told, and have lines sent by send.
func dripping(t *testing.T, begin string, send func(*testkit.Conn, string)) string {
	return testkit.RawServer(t, func(c *testkit.Conn) {
		c.Head()
		c.Send("HTTP/1.1 200 OK\r\nX-Sent: " + stamp() + "\r\n" + begin + "\r\n")
		for range drip {
			send(c, "data: "+stamp()+"\n")
		}
	}).Addr
}

// prompt reads several streams at once. What a busy machine does to one measurement is forgiven,
// by the percentile and by another measurement.
func prompt(t *testing.T, client *http.Client, url string) {
	t.Helper()
	const most, streams, attempts = 50 * time.Millisecond, 5, 3
	for attempt := 1; ; attempt++ {
		var all []time.Duration
		var mu sync.Mutex
		var readers sync.WaitGroup
		for range streams {
			readers.Go(func() {
				delays := readStream(t, client, url)
				mu.Lock()
				defer mu.Unlock()
				all = append(all, delays...)
			})
		}
		readers.Wait()
		slices.Sort(all)
		if len(all) < 26*streams {
			t.Fatalf("%s: %d heads and lines came, want %d", url, len(all), 26*streams)
		}
		median, p90 := all[len(all)/2], all[len(all)*9/10]
		t.Logf("%.5s: %d heads and lines: median %v, 90th percentile %v, latest %v", url, len(all), median, p90, all[len(all)-1])
		if p90 <= most {
			return
		}
		if attempt == attempts {
			t.Errorf("%s: the 90th percentile is %v in %d measurements, want %v at most", url, p90, attempts, most)
			return
		}
	}
}

// readStream returns how long the head and each line took from the server to the client.
func readStream(t *testing.T, client *http.Client, url string) (delays []time.Duration) {
	answer, err := client.Get(url)
	if err != nil {
		t.Error(err)
		return nil
	}
	defer answer.Body.Close()
	since := func(stamp string) {
		sent, err := strconv.ParseInt(stamp, 10, 64)
		if err != nil {
			t.Error(err)
		}
		delays = append(delays, time.Since(time.Unix(0, sent)))
	}
	since(answer.Header.Get("X-Sent"))
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		if sent, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			since(sent)
		}
	}
	return delays
}

const large = 1 << 30 // bytes of an upload that nobody wants

// TestEarlyAnswer uploads 1 GiB to servers that answer 413 and then close with what has come
// unread, or read nothing more: the client gets that answer, and stops.
func TestEarlyAnswer(t *testing.T) {
	refuse := func(then func()) string {
		return testkit.RawServer(t, func(c *testkit.Conn) {
			c.Head()
			c.Answer(http.StatusRequestEntityTooLarge, "too large\n", "Connection: close")
			then()
		}).Addr
	}
	file := filepath.Join(t.TempDir(), "large")
	testkit.WriteFile(t, file, nil)
	if err := os.Truncate(file, large); err != nil {
		t.Fatal(err)
	}
	uploads := map[string]func(t *testing.T, url string, chunked bool) (outcome string, sent int64){
		"curl": func(t *testing.T, url string, chunked bool) (string, int64) { return curl(t, file, url, chunked) },
		"Go":   upload,
	}
	for server, addr := range map[string]string{
		"closes":        refuse(func() {}),
		"reads nothing": refuse(func() { <-t.Context().Done() }),
	} {
		r := run(t, farm("", addr), nil)
		for client, send := range uploads {
			for framing, chunked := range map[string]bool{"with a length": false, "in chunks": true} {
				t.Run(client+", "+framing+", to one that "+server, func(t *testing.T) {
					var most int64
					for range 5 {
						outcome, sent := send(t, "http://"+r.addr+"/", chunked)
						if outcome != "413 too large" {
							t.Fatalf("the client got %q after %d MiB", outcome, sent>>20)
						}
						most = max(most, sent)
					}
					t.Logf("at most %d KiB were sent", most>>10)
					if most > large/16 {
						t.Errorf("%d MiB were sent", most>>20)
					}
				})
			}
		}
	}
}

func curl(t *testing.T, file, url string, chunked bool) (outcome string, sent int64) {
	program := testkit.Program(t, "curl")
	args := []string{"-sS", "-H", "Expect:", "-w", "%{http_code} %{size_upload}", "-o", file + ".out", "-T", file, url}
	if chunked {
		args = append([]string{"-H", "Transfer-Encoding: chunked"}, args...)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*testkit.Patience)
	defer cancel()
	told, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
	if err != nil {
		return fmt.Sprintf("%v: %s", err, told), 0
	}
	code, size, _ := strings.Cut(string(told), " ")
	sent, _ = strconv.ParseInt(size, 10, 64)
	body, _ := os.ReadFile(file + ".out")
	return code + " " + strings.TrimSpace(string(body)), sent
}

// upload is what a program with Go's client does.
func upload(t *testing.T, url string, chunked bool) (outcome string, sent int64) {
	var count atomic.Int64
	ctx, cancel := context.WithTimeout(t.Context(), 2*testkit.Patience)
	defer cancel()
	request, _ := http.NewRequestWithContext(ctx, http.MethodPut, url, counted{pattern(large), &count})
	request.ContentLength = large
	if chunked {
		request.ContentLength = -1
	}
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	answer, err := client.Do(request)
	if err != nil {
		return err.Error(), count.Load()
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err.Error(), count.Load()
	}
	return fmt.Sprint(answer.StatusCode, " ", strings.TrimSpace(string(body))), count.Load()
}

// counted tells how much has been read.
type counted struct {
	io.Reader
	n *atomic.Int64
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n.Add(int64(n))
	return n, err
}
