package operate

import "time"

// File is what the configuration file says, as the owner reads it, spelled as the values of
// orders are.
type File interface {
	// HasBackend tells whether the file has a backend of that name.
	HasBackend(name string) bool
	// Value returns what the file says of a key; known is false when it does not have the object.
	// The servers that it makes from one line, by resolve or by template, are the file's also
	// while they are not there.
	Value(o Object, k Key) (value string, known bool)
}

// Dropped is an order, or a server added at run time, that the file has put an end to.
type Dropped struct {
	Object Object
	Key    Key    // empty: the server itself
	Value  string // of the order; empty for a server
	By     string // who gave the order or added the server
	Why    string
}

// Reconcile drops what the file has a say in, and returns it for the log: orders on keys of which
// the file says something else than when they were given, or whose object it does not have any
// more, and servers added at run time that it has now itself, or whose backend is gone. Orders on
// a server that the file has taken over are compared with what the server was added with.
//
// It is the last step of a reload that can fail, before the new configuration is published, and
// the first after Open. Its error says that the disk refused; the drops hold all the same, and
// are made again after a restart. The journal must not be called from f.
func (j *Journal) Reconcile(f File) (dropped []Dropped, err error) {
	err = j.impose(func(next *state, _ time.Time) (changes []Change) {
		dropped = next.reconcile(f)
		for _, d := range dropped {
			changes = append(changes, Change{By: "configuration file", What: d.what() + " dropped", Reason: d.Why})
		}
		return changes
	})
	return dropped, err
}

func (d *Dropped) what() string {
	if d.Key == "" {
		return d.Object.String()
	}
	return Target{d.Object, d.Key}.String()
}

func (s *state) reconcile(f File) (dropped []Dropped) {
	for _, server := range s.sortedServers() {
		if why := server.dropReason(f); why != "" {
			delete(s.servers, server.Object())
			dropped = append(dropped, Dropped{Object: server.Object(), By: server.By, Why: why})
		}
	}
	for _, o := range s.sortedOrders() {
		if why := s.dropReason(&o, f); why != "" {
			delete(s.orders, o.Target())
			dropped = append(dropped, Dropped{Object: o.Object, Key: o.Key, Value: o.Value, By: o.By, Why: why})
		}
	}
	return dropped
}

func (s *Server) dropReason(f File) string {
	if !f.HasBackend(s.Backend) {
		return "the file has no backend " + s.Backend + " any more"
	}
	if _, known := f.Value(s.Object(), State); known {
		return "the file has a server of that name now"
	}
	return ""
}

func (s *state) dropReason(o *Order, f File) string {
	value, known := f.Value(o.Object, o.Key)
	_, added := s.servers[o.Object]
	switch {
	case !known && !added:
		return "the file has no " + o.Object.String() + " any more"
	case known && value != o.File:
		return "the file says now " + value + ", and said " + o.File
	}
	return ""
}
