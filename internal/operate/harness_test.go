package operate

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

var web1 = Object{Backend: "app", Server: "web1"}

// drain is an order on web1, for so long.
func drain(d time.Duration) Order {
	return Order{Object: web1, Key: State, Value: "drain", By: "root (pid 4711)", Reason: "new disk", File: "ready", For: d}
}

// samples are orders on everything that can have one.
func samples() []Order {
	return []Order{
		{Key: Maxconn, Value: "5000", By: "anna", File: "0"},
		{Object: Object{Frontend: "http"}, Key: Maxconn, Value: "100", By: "anna", File: "0"},
		{Object: Object{Frontend: "http"}, Key: State, Value: "disabled", By: "Jürgen <ops>", File: "enabled"},
		drain(30 * time.Minute),
		{Object: web1, Key: Weight, Value: "0", By: "anna", Reason: `says "slow" & 50% 😀`, File: "10"},
		{Object: Object{Backend: "app", Server: "web9"}, Key: State, Value: "ready", By: "anna", File: "maint"},
	}
}

func web9() Server {
	return Server{Backend: "app", Name: "web9", Arguments: []string{"10.0.0.9:80", "weight", "5"}, By: "anna"}
}

func statePath(t testing.TB) string { return filepath.Join(t.TempDir(), "state") }

// open wants a state file without fault.
func open(t testing.TB, path string) *Journal {
	t.Helper()
	j, report := Open(path)
	if report.Fault != nil || report.Lost != nil {
		t.Fatalf("open: %v, lost %v", report.Fault, report.Lost)
	}
	return j
}

func give(t testing.TB, j *Journal, orders ...Order) {
	t.Helper()
	if err := j.Give(orders...); err != nil {
		t.Fatal(err)
	}
}

// filled returns a state file that holds the samples and web9.
func filled(t testing.TB) (path string, j *Journal) {
	t.Helper()
	path = statePath(t)
	j = open(t, path)
	give(t, j, samples()...)
	if err := j.AddServer(web9()); err != nil {
		t.Fatal(err)
	}
	return path, j
}

// kept returns what a journal must have in common with one that read its file.
func kept(j *Journal) (orders []Order, servers []Server) {
	orders = j.Orders()
	for i := range orders {
		orders[i].Until = time.Time{}
	}
	return orders, j.Servers()
}

func wantSame(t testing.TB, got, want *Journal) {
	t.Helper()
	gotOrders, gotServers := kept(got)
	wantOrders, wantServers := kept(want)
	if !reflect.DeepEqual(gotOrders, wantOrders) || !reflect.DeepEqual(gotServers, wantServers) {
		t.Fatalf("got  %+v\n%+v\nwant %+v\n%+v", gotOrders, gotServers, wantOrders, wantServers)
	}
}

// within tells whether all that one state holds is held by another one.
func within(part, whole *state) bool {
	for t, o := range part.orders {
		if !reflect.DeepEqual(o, whole.orders[t]) {
			return false
		}
	}
	for o, s := range part.servers {
		if !reflect.DeepEqual(s, whole.servers[o]) {
			return false
		}
	}
	return true
}

func content(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func writeFile(t testing.TB, path, data string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
}

// asides returns the files that were set aside, and what they hold.
func asides(t testing.TB, path string) map[string]string {
	t.Helper()
	names, err := filepath.Glob(path + asideSuffix + "*")
	if err != nil {
		t.Fatal(err)
	}
	held := map[string]string{}
	for _, name := range names {
		held[name] = content(t, name)
	}
	return held
}

func wantAside(t testing.TB, path string, report Report, data string) {
	t.Helper()
	if report.Lost == nil {
		t.Fatal("nothing is said to be lost")
	}
	if got, want := asides(t, path), map[string]string{report.Lost.Aside: data}; !maps.Equal(got, want) {
		t.Fatalf("set aside is %.300q, want %.300q", got, want)
	}
}

func wantError(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got the error %v, want %v", err, want)
	}
}

// pathInFolder is a state file in a folder that closeFolder can take away.
func pathInFolder(t *testing.T) string {
	folder := filepath.Join(t.TempDir(), "folder")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(folder, "state")
}

// closeFolder has the disk refuse to write the file, to root too.
func closeFolder(t *testing.T, path string) {
	t.Helper()
	if err := os.RemoveAll(filepath.Dir(path)); err != nil {
		t.Fatal(err)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
