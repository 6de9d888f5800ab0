package main_test

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"relais/internal/testkit"
)

// figuresSide is one of the two balancers.
type figuresSide struct {
	name  string
	addrs []string // of the lanes' frontends
	page  string
}

func startFiguresHAProxy(t *testing.T, program string, lanes []*figuresLane) *figuresSide {
	t.Helper()
	side := &figuresSide{name: "haproxy"}
	var files []*os.File
	var fronts, backs strings.Builder
	for i, l := range lanes {
		file, addr := openSocket(t)
		files, side.addrs = append(files, file), append(side.addrs, addr)
		front, back, _ := strings.Cut(l.haproxy, "backend\n")
		fmt.Fprintf(&fronts, "frontend f_%s\n mode %s\n maxconn 100\n bind fd@%d\n%s default_backend b_%s\n", l.name, l.mode(), i+3, front, l.name)
		fmt.Fprintf(&backs, "backend b_%s\n mode %s\n balance roundrobin\n%s", l.name, l.mode(), back)
		for n, s := range l.servers {
			fmt.Fprintf(&backs, " server s%d %s %s\n", n+1, s.addr, s.haproxy)
		}
	}
	file, page := openSocket(t)
	files, side.page = append(files, file), page
	path := filepath.Join(t.TempDir(), "haproxy.cfg")
	testkit.WriteFile(t, path, []byte(figuresDefaults+fronts.String()+backs.String()+fmt.Sprintf(figuresPage, len(files)+2)))
	testkit.Start(t, func(c *exec.Cmd) { c.ExtraFiles = files }, program, "-db", "-f", path)
	for _, f := range files {
		f.Close()
	}
	return side
}

const (
	figuresDefaults = "global\n nbthread 1\ndefaults\n retries 3\n option redispatch 1\n retry-on conn-failure empty-response\n" +
		" option abortonclose\n timeout check 2s\n http-reuse always\n option forwardfor\n" +
		" timeout connect 1s\n timeout client 10s\n timeout server 10s\n timeout queue 10s\n timeout http-request 10s\n"
	figuresPage = "listen page\n mode http\n bind fd@%d\n http-request use-service prometheus-exporter if { path /metrics }\n" +
		" stats enable\n stats uri /haproxy-stats\n stats show-legends\n"
)

func (s *figuresSide) get(t *testing.T, path string) string {
	t.Helper()
	answer, err := http.Get("http://" + s.page + path)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// figuresRow is a line of the CSV by the names of its columns.
type figuresRow map[string]string

// rows reads the CSV.
func (s *figuresSide) rows(t *testing.T) (rows map[string]figuresRow, columns []string) {
	t.Helper()
	lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(s.get(t, "/haproxy-stats;csv"), "# "))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	rows, columns = map[string]figuresRow{}, lines[0]
	for _, line := range lines[1:] {
		row := figuresRow{}
		for i, name := range columns {
			row[name] = line[i]
		}
		if lane, ok := strings.CutPrefix(row["pxname"][1:], "_"); ok {
			rows[lane+"/"+row["svname"]] = row
		}
	}
	return rows, columns
}

func (s *figuresSide) row(t *testing.T, name string) figuresRow {
	rows, _ := s.rows(t)
	return rows[name]
}

// figuresSeen is what a balancer says at one moment.
type figuresSeen struct {
	rows    map[string]figuresRow
	columns []string
	series  map[string]series
}

// see waits until nothing is going on any more, nor has been for a second, and no check runs.
func (s *figuresSide) see(t *testing.T) (seen figuresSeen) {
	t.Helper()
	testkit.Eventually(t, s.name+" is quiet", func() bool {
		seen.rows, seen.columns = s.rows(t)
		seen.series = s.series(t)
		return seen.quiet()
	})
	return seen
}

func (s *figuresSeen) quiet() bool {
	for _, row := range s.rows {
		if row["scur"] != "0" || row["rate"] != "0" || strings.HasPrefix(row["check_status"], "*") {
			return false
		}
	}
	for _, x := range s.series { // a check that runs has no code
		if x.name == "haproxy_server_check_code" && x.row != "" && x.value != number64(s.rows[x.row]["check_code"]) && !math.IsNaN(x.value) {
			return false
		}
	}
	return true
}

// TestSameFigures sends the same requests through HAProxy and through Relais, in front of the same
// servers, and compares all that both say of them: figuresTable has a class for each column.
func TestSameFigures(t *testing.T) {
	program := testkit.Program(t, "haproxy")
	farm := &figuresFarm{t: t}
	lanes := farm.lanes()
	theirs, ours := startFigures(t, program, lanes)
	var all sync.WaitGroup
	for _, side := range []*figuresSide{theirs, ours} {
		for i, lane := range lanes {
			all.Go(func() {
				c := &figuresClient{t: t, side: side, addr: side.addrs[i], signals: &farm.signals}
				lane.visit(c)
				c.hangUp()
			})
		}
	}
	all.Wait()
	a, b := theirs.see(t), ours.see(t)
	c := newFiguresComparison(t)
	t.Run("columns", func(t *testing.T) { c.columns(t, &a, &b) })
	t.Run("metrics", func(t *testing.T) { c.metrics(t, &a, &b) })
	c.differences(t)
	t.Run("exporter", func(t *testing.T) { compareExporter(t, ours) })
}
