package operate

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"time"
)

// The state file is text, one JSON object a line: a head that counts the others, then an entry
// for each order and each server added at run time. A line ends with a checksum of what stands
// before it, so that damage is noticed, and costs the lines it is in and no others. All lines of
// one writing have the revision in common, so that where a file was written in place, and a crash
// came between, nothing of the state before comes back with the new one.
const (
	kindHead    = "state"
	kindOrder   = "order"
	kindServer  = "server"
	format      = 1
	sumForm     = `,"crc":"%08x"}` // CRC-32C of all that stands before it in its line
	sumLength   = len(`,"crc":"00000000"}`)
	longestFile = 16 << 20 // bytes; what is larger is no state file
)

// head is the first line.
type head struct {
	Kind     string    `json:"kind"`
	Version  int       `json:"version"`
	Entries  int       `json:"entries"`
	Written  time.Time `json:"written"`
	Note     string    `json:"note"`
	Revision string    `json:"revision"`
}

// entry is an order or a server as it is written. Readers pass over fields that they do not know.
type entry struct {
	Kind      string    `json:"kind"`
	Frontend  string    `json:"frontend,omitempty"`
	Backend   string    `json:"backend,omitempty"`
	Server    string    `json:"server,omitempty"`
	Key       Key       `json:"key,omitempty"`
	Value     string    `json:"value,omitempty"`
	File      string    `json:"file,omitempty"`
	Arguments []string  `json:"arguments,omitempty"`
	By        string    `json:"by"`
	Reason    string    `json:"reason,omitempty"`
	At        time.Time `json:"at"`
	For       string    `json:"for,omitempty"`
	Revision  string    `json:"revision"`
}

// encode returns the state file that says s.
func encode(s *state, now time.Time) ([]byte, error) {
	w := writer{revision: s.name()}
	w.line(head{
		Kind: kindHead, Version: format, Entries: len(s.orders) + len(s.servers), Written: stamp(now),
		Note: "a line that was edited does not fit its checksum and is left out", Revision: w.revision,
	})
	for _, o := range s.sortedOrders() {
		w.entry(o.entry())
	}
	for _, server := range s.sortedServers() {
		w.entry(server.entry())
	}
	return w.out.Bytes(), w.err
}

// writer collects lines, until the first error.
type writer struct {
	out      bytes.Buffer
	revision string
	err      error
}

func (w *writer) entry(e entry) {
	e.Revision = w.revision
	w.line(e)
}

func (w *writer) line(v any) {
	start := w.out.Len()
	encoder := json.NewEncoder(&w.out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		w.err = cmp.Or(w.err, err)
		return
	}
	w.out.Truncate(w.out.Len() - len("}\n"))
	fmt.Fprintf(&w.out, sumForm+"\n", checksum(w.out.Bytes()[start:]))
}

func (o *Order) entry() entry {
	e := entry{
		Kind: kindOrder, Frontend: o.Object.Frontend, Backend: o.Object.Backend, Server: o.Object.Server,
		Key: o.Key, Value: o.Value, File: o.File, By: o.By, Reason: o.Reason, At: o.At,
	}
	if o.For > 0 {
		e.For = o.For.String()
	}
	return e
}

func (s *Server) entry() entry {
	return entry{Kind: kindServer, Backend: s.Backend, Server: s.Name, Arguments: s.Arguments, By: s.By, At: s.At}
}

func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }
