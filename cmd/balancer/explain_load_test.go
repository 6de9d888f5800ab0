package main_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"relais/internal/testkit"
)

// failing is a server that one request in a hundred has trouble with: an answer of 500, none, half
// of one.
func failing(t *testing.T) string {
	var n atomic.Int64
	return testkit.Address(testkit.HTTPServer(t, func(w http.ResponseWriter, _ *http.Request) {
		switch n := n.Add(1); {
		case n%100 != 0:
		case n%300 == 0:
			w.WriteHeader(http.StatusInternalServerError)
		case n%300 == 100:
			panic(http.ErrAbortHandler)
		default:
			w.Header().Set("Content-Length", "9")
			_, _ = w.Write([]byte("half"))
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
	}))
}

// TestExplainUnderLoad: whoever had trouble among thousands of requests per second is found by the
// id that the log has, and that costs memory only as it was said.
func TestExplainUnderLoad(t *testing.T) {
	wrk := testkit.Program(t, "wrk")
	log := filepath.Join(t.TempDir(), "access.log")
	server := failing(t)
	o := forgetful(t, "access_log: {output: "+log+"}\n"+farm("retries: 1\n", server, server))
	before, _ := testkit.Memory(t, o.Process.Process.Pid)
	if load := testkit.Start(t, nil, wrk, "-t1", "-c16", "-d3s", "http://"+o.addr+"/"); load.ExitCode(t) != 0 {
		t.Fatal(load.Stderr.String())
	}
	testkit.Eventually(t, "all requests have ended", func() bool { return o.column(t, "app", "BACKEND", "scur") == "0" })
	after, _ := testkit.Memory(t, o.Process.Process.Pid)
	if after-before > 40<<20 {
		t.Errorf("the process has grown from %d MiB to %d MiB", before>>20, after>>20)
	}
	var requests int
	var ids []string
	testkit.Eventually(t, "the log is complete", func() bool {
		requests, ids = troubled(t, log)
		return requests == wholeNumber(t, o.column(t, "app", "BACKEND", "stot"))
	})
	t.Logf("%d requests, %d in trouble, %d MiB, then %d MiB", requests, len(ids), before>>20, after>>20)
	if len(ids) < requests/200 { // some may have been dropped
		t.Errorf("only %d of %d requests were in trouble", len(ids), requests)
	}
	list := o.say(t, "explain --abnormal --last 5m --limit 10000")
	for i, id := range ids {
		if !strings.Contains(list, "\n"+id+"\t") {
			t.Fatalf("%s is not among the abnormal ones", id)
		}
		if i%10 > 0 {
			continue // the list is quick
		}
		if story := o.say(t, "explain "+id); !strings.HasPrefix(story, "request     "+id+"\n") {
			t.Fatalf("%s: %s", id, story)
		}
	}
}

// troubled reads how many requests a log has or says that it lacks, and the ids of those that did not
// go well.
func troubled(t *testing.T, path string) (requests int, ids []string) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var l struct {
			ID, Termination          string
			Status, Retries, Dropped int
		}
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatalf("%s: %v", lines.Bytes(), err)
		}
		if l.Dropped > 0 {
			requests += l.Dropped
			continue
		}
		requests++
		if l.Status >= 500 || l.Retries > 0 || !strings.HasPrefix(l.Termination, "--") {
			ids = append(ids, l.ID)
		}
	}
	return requests, ids
}
