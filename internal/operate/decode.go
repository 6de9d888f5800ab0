package operate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// decode reads a state file, whatever it holds. Entries of sound lines are used, their clocks not
// yet begun; lost says what else was there, nil when the file is whole.
func decode(data []byte) (*state, *Lost) {
	r := reader{state: newState(), counted: -1}
	for number := 1; len(data) > 0; number++ {
		var line []byte
		line, data, _ = bytes.Cut(data, []byte("\n"))
		if err := r.line(line, number); err != nil {
			r.damage(line, number, err)
		}
	}
	return r.state, r.lost()
}

// reader collects what the lines of a file say.
type reader struct {
	state    *state
	counted  int    // entries that the head counts; -1: there is no sound one
	revision string // of the first sound line
	sound    int    // entries that were read
	bad      int    // lines that were not
	faults   []string
}

func (r *reader) line(line []byte, number int) error {
	if err := verify(line); err != nil {
		return err
	}
	var e struct {
		entry
		Entries int `json:"entries"`
	}
	if err := json.Unmarshal(line, &e); err != nil {
		return fmt.Errorf("is no JSON object: %w", err)
	}
	if r.counted < 0 && r.sound == 0 {
		r.revision = e.Revision
	}
	switch {
	case e.Revision != r.revision:
		return errors.New("is left over from another writing")
	case e.Kind == kindHead && number == 1 && e.Entries >= 0:
		r.counted = e.Entries
		return nil
	case e.Kind == kindOrder:
		return r.order(&e.entry)
	case e.Kind == kindServer:
		return r.server(&e.entry)
	}
	return fmt.Errorf("is of kind %.50q, which is not known here", e.Kind)
}

func (r *reader) order(e *entry) error {
	o := Order{
		Object: Object{Frontend: e.Frontend, Backend: e.Backend, Server: e.Server},
		Key:    e.Key, Value: e.Value, By: e.By, Reason: e.Reason, File: e.File, At: e.At.UTC(),
	}
	if e.For != "" {
		var err error
		if o.For, err = time.ParseDuration(e.For); err != nil {
			return fmt.Errorf("holds for an unknown time: %w", err)
		}
	}
	if err := o.check(); err != nil {
		return err
	}
	if err := checkTime(o.At); err != nil {
		return err
	}
	r.state.orders[o.Target()] = o
	r.sound++
	return nil
}

func (r *reader) server(e *entry) error {
	s := Server{Backend: e.Backend, Name: e.Server, Arguments: e.Arguments, By: e.By, At: e.At.UTC()}
	if err := s.check(); err != nil {
		return err
	}
	if err := checkTime(s.At); err != nil {
		return err
	}
	r.state.servers[s.Object()] = s
	r.sound++
	return nil
}

func (r *reader) damage(line []byte, number int, err error) {
	r.bad++
	if len(r.faults) < mostFaults {
		r.faults = append(r.faults, fmt.Sprintf("line %d %s: %.100q", number, err, line))
	}
}

func (r *reader) lost() *Lost {
	if r.bad == 0 && r.counted == r.sound {
		return nil
	}
	l := &Lost{Entries: -1, Used: r.sound, Damaged: r.bad, Lines: r.faults}
	if r.counted >= 0 {
		l.Entries = max(0, r.counted-r.sound)
	}
	return l
}

// verify tells whether a line is as it was written.
func verify(line []byte) error {
	before := len(line) - sumLength
	if before < 0 {
		return errCut
	}
	if string(line[before:]) != fmt.Sprintf(sumForm, checksum(line[:before])) {
		return errChanged
	}
	return nil
}

// checkTime refuses what could not be written again (RFC 3339, section 1: years of four digits).
func checkTime(at time.Time) error {
	if year := at.Year(); year < 1 || year > 9999 {
		return fmt.Errorf("is of the year %d", year)
	}
	return nil
}
