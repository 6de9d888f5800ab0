package operate

import (
	"reflect"
	"testing"
)

// fakeFile says what a configuration file would.
type fakeFile struct {
	backends []string
	values   map[Target]string
}

func (f *fakeFile) HasBackend(name string) bool {
	for _, b := range f.backends {
		if b == name {
			return true
		}
	}
	return false
}

func (f *fakeFile) Value(o Object, k Key) (string, bool) {
	value, known := f.values[Target{o, k}]
	return value, known
}

// sampleFile says what it said when the samples were given.
func sampleFile() *fakeFile {
	f := &fakeFile{backends: []string{"app"}, values: map[Target]string{}}
	for _, o := range samples() {
		if o.Object.Server != "web9" {
			f.values[o.Target()] = o.File
		}
	}
	return f
}

func TestReconcile(t *testing.T) {
	web9Object := Object{Backend: "app", Server: "web9"}
	for _, test := range []struct {
		name   string
		change func(f *fakeFile)
		want   []Dropped
	}{
		{"same file", func(*fakeFile) {}, nil},
		{
			"another key of the server", func(f *fakeFile) { f.values[Target{web1, Maxconn}] = "7" }, nil,
		},
		{
			"that very key", func(f *fakeFile) { f.values[Target{web1, Weight}] = "20" },
			[]Dropped{{web1, Weight, "0", "anna", "the file says now 20, and said 10"}},
		},
		{
			"what was ordered", func(f *fakeFile) { f.values[Target{web1, State}] = "drain" },
			[]Dropped{{web1, State, "drain", "root (pid 4711)", "the file says now drain, and said ready"}},
		},
		{
			"process", func(f *fakeFile) { f.values[Target{Key: Maxconn}] = "1000" },
			[]Dropped{{Object{}, Maxconn, "5000", "anna", "the file says now 1000, and said 0"}},
		},
		{
			"frontend gone", func(f *fakeFile) {
				delete(f.values, Target{Object{Frontend: "http"}, State})
				delete(f.values, Target{Object{Frontend: "http"}, Maxconn})
			},
			[]Dropped{
				{Object{Frontend: "http"}, Maxconn, "100", "anna", "the file has no frontend http any more"},
				{Object{Frontend: "http"}, State, "disabled", "Jürgen <ops>", "the file has no frontend http any more"},
			},
		},
		{
			"backend gone", func(f *fakeFile) {
				f.backends = nil
				delete(f.values, Target{web1, State})
				delete(f.values, Target{web1, Weight})
			},
			[]Dropped{
				{web9Object, "", "", "anna", "the file has no backend app any more"},
				{web1, State, "drain", "root (pid 4711)", "the file has no server app/web1 any more"},
				{web1, Weight, "0", "anna", "the file has no server app/web1 any more"},
				{web9Object, State, "ready", "anna", "the file has no server app/web9 any more"},
			},
		},
		{
			"server added to the file", func(f *fakeFile) { f.values[Target{web9Object, State}] = "ready" },
			[]Dropped{
				{web9Object, "", "", "anna", "the file has a server of that name now"},
				{web9Object, State, "ready", "anna", "the file says now ready, and said maint"},
			},
		},
		{
			"server added to the file, in maint", func(f *fakeFile) { f.values[Target{web9Object, State}] = "maint" },
			[]Dropped{{web9Object, "", "", "anna", "the file has a server of that name now"}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			path, j := filled(t)
			f := sampleFile()
			test.change(f)
			revision := j.Revision()
			got, err := j.Reconcile(f)
			if err != nil || !reflect.DeepEqual(got, test.want) {
				t.Fatalf("got  %+v, %v\nwant %+v", got, err, test.want)
			}
			if n := len(j.Orders()) + len(j.Servers()); n != len(samples())+1-len(test.want) {
				t.Errorf("%d entries are left", n)
			}
			if changed := j.Revision() != revision; changed != (len(test.want) > 0) {
				t.Errorf("the revision changed: %v", changed)
			}
			again := open(t, path)
			wantSame(t, again, j)
			if got, err := again.Reconcile(f); err != nil || len(got) > 0 {
				t.Errorf("again: %+v, %v, want nothing", got, err)
			}
		})
	}
}
