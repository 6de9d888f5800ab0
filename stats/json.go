package stats

import (
	"bufio"
	"encoding/json"
	"io"
)

// WriteJSON writes the rows that f lets through in the shape of HAProxy's "show stat json": an
// array of rows, each an array of its figures that are not empty.
func WriteJSON(w io.Writer, s *Snapshot, f Filter) error {
	out := bufio.NewWriter(w)
	separator := byte('[')
	fields := make([]field, 0, len(columns))
	for _, proxy := range f.Apply(s).Proxies {
		for i := range proxy.Rows {
			fields = appendFields(fields[:0], &proxy.Rows[i])
			row, err := json.Marshal(fields)
			if err != nil {
				return err
			}
			out.WriteByte(separator)
			out.Write(row)
			separator = ','
		}
	}
	if separator == '[' {
		out.WriteByte(separator)
	}
	out.WriteByte(']')
	return out.Flush()
}

// field is one figure with the names and in the order that HAProxy gives its parts.
type field struct {
	ObjType    string     `json:"objType"`
	ProxyID    int        `json:"proxyId"`
	ID         int        `json:"id"`
	Field      fieldName  `json:"field"`
	ProcessNum int        `json:"processNum"`
	Tags       tags       `json:"tags"`
	Value      typedValue `json:"value"`
}

type fieldName struct {
	Pos  int    `json:"pos"`
	Name string `json:"name"`
}

type tags struct {
	Origin string `json:"origin"`
	Nature string `json:"nature"`
	Scope  string `json:"scope"`
}

type typedValue struct {
	Type  string `json:"type"`
	Value any    `json:"value"`
}

func appendFields(fields []field, r *Row) []field {
	for pos := range columns {
		c := &columns[pos]
		v := c.Of(r)
		if v.Type == Empty {
			continue
		}
		fields = append(fields, field{
			ObjType: r.Scope.String(), ProxyID: r.IID, ID: r.SID,
			Field:      fieldName{pos, c.Name},
			ProcessNum: 1,
			Tags:       c.Kind.tags(),
			Value:      v.typed(),
		})
	}
	return fields
}

func (v Value) typed() typedValue {
	if v.Type == Str {
		return typedValue{v.Type.String(), v.str}
	}
	return typedValue{v.Type.String(), v.Int()}
}

func (k Kind) tags() tags {
	return tags{origins[k[0]], natures[k[1]], scopes[k[2]]}
}

// The words behind the letters of a Kind.
var (
	origins = map[byte]string{'M': "Metric", 'S': "Status", 'K': "Key", 'C': "Config"}
	natures = map[byte]string{'A': "Age", 'a': "Avg", 'C': "Counter", 'D': "Duration", 'G': "Gauge",
		'L': "Limit", 'M': "Max", 'N': "Name", 'O': "Output", 'R': "Rate"}
	scopes = map[byte]string{'P': "Process", 'S': "Service"}
)
