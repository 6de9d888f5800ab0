package stats

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"
)

// InfoOptions is what "show info" may be asked for.
type InfoOptions struct {
	Typed, JSON bool   // instead of "Name: value"; JSON wins
	Desc        bool   // with the meaning of each figure
	Float       bool   // times and rates with their fractions
	Released    string // date of the release, such as 2026/11/23; empty: not known
}

// WriteInfo writes the figures of the process as HAProxy's "show info": its names in its order.
// What Relais has no figure for is left out where a 0 would be untrue.
func WriteInfo(w io.Writer, s *Snapshot, o InfoOptions) error {
	if o.JSON {
		return writeInfoJSON(w, s, o)
	}
	out := bufio.NewWriter(w)
	var line []byte
	for pos := range infos {
		if v := infos[pos].of(s, o); v.Type != Empty {
			line = appendInfo(line[:0], pos, v, o)
			out.Write(line)
		}
	}
	return out.Flush()
}

// info is one figure of "show info".
type info struct {
	name    string
	kind    Kind
	help    string
	precise bool // a time or a rate that has a fraction
	value   func(*Snapshot) Value
}

func (i *info) of(s *Snapshot, o InfoOptions) Value {
	switch {
	case i.name == "Release_date" && o.Released != "":
		return text(o.Released)
	case i.value == nil:
		return Value{}
	}
	return i.value(s)
}

// shown returns the figure's type and text.
func (i *info) shown(v Value, o InfoOptions) (kind, value string) {
	if o.Float && i.precise {
		return "flt", strconv.FormatFloat(v.Float(), 'f', -1, 64)
	}
	return v.Type.String(), oneLine(v.String())
}

func appendInfo(b []byte, pos int, v Value, o InfoOptions) []byte {
	i := &infos[pos]
	kind, value := i.shown(v, o)
	if o.Typed {
		b = appendTypedName(b, pos, i.name, i.kind)
		b = append(b, kind+":"+value...)
	} else {
		b = append(b, i.name+": "+value...)
	}
	return appendTypedEnd(b, i.help, o.Desc)
}

// infoField is one figure with the names and in the order that HAProxy gives its parts.
type infoField struct {
	Field       fieldName       `json:"field"`
	ProcessNum  int             `json:"processNum"`
	Tags        tags            `json:"tags"`
	Value       json.RawMessage `json:"value"`
	Description string          `json:"desc,omitempty"`
}

func writeInfoJSON(w io.Writer, s *Snapshot, o InfoOptions) error {
	fields := make([]infoField, 0, len(infos))
	for pos := range infos {
		i := &infos[pos]
		v := i.of(s, o)
		if v.Type == Empty {
			continue
		}
		field := infoField{Field: fieldName{pos, i.name}, ProcessNum: 1, Tags: i.tags(), Value: i.json(v, o)}
		if o.Desc {
			field.Description = i.help
		}
		fields = append(fields, field)
	}
	b, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

// tags knows an origin more than the columns of the rows have.
func (i *info) tags() tags {
	t := i.kind.tags()
	if i.kind[0] == 'P' {
		t.Origin = "Product"
	}
	return t
}

func (i *info) json(v Value, o InfoOptions) json.RawMessage {
	kind, value := i.shown(v, o)
	if v.Type == Str {
		quoted, _ := json.Marshal(v.str) // a string can always be written
		value = string(quoted)
	}
	return json.RawMessage(`{"type":"` + kind + `","value":` + value + `}`)
}

// uptime is HAProxy's text for how long the process has been running.
func uptime(d time.Duration) string {
	s := int64(d / time.Second)
	return fmt.Sprintf("%dd %dh%02dm%02ds", s/86400, s/3600%24, s/60%60, s%60)
}
