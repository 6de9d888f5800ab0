package explain

import (
	"cmp"
	"slices"
	"strings"

	"relais/balancer/why"
)

// serversShown bounds the rows of the table.
const serversShown = 100

// servers says how the servers of a backend stood when one was chosen.
type servers struct {
	Backend string
	Heads   []why.Choice // of the columns
	Rows    []*server
	Others  int // that are left out, none of which was chosen
}

// server is a row: what one server was to each choice.
type server struct {
	Name, Address string // Address is where its figures are
	Weight        int
	Stands        []stand
	chosen        int
}

// stand is what a server was to a choice. Its zero value: there was no such server.
type stand struct{ Class, Words string }

func newServers(choices []why.Choice, backend string, p *Page) *servers {
	heads := slices.DeleteFunc(slices.Clone(choices), func(c why.Choice) bool { return len(c.Standings) == 0 })
	if len(heads) == 0 {
		return nil
	}
	t := &servers{Backend: backend, Heads: heads}
	rows := map[string]*server{}
	for column := range heads {
		for i := range heads[column].Standings {
			s := &heads[column].Standings[i]
			row := rows[s.Server]
			if row == nil {
				row = &server{Name: s.Server, Address: p.figures(backend, s.Server), Weight: s.Weight, Stands: make([]stand, len(heads))}
				rows[s.Server], t.Rows = row, append(t.Rows, row)
			}
			row.take(column, s)
		}
	}
	t.bound()
	return t
}

func (r *server) take(column int, s *why.Standing) {
	r.Stands[column] = stand{class(s), s.Words()}
	if s.Chosen {
		r.chosen++
	}
}

// class is that of the page of the statistics for a server in such a state, which gives it its colour.
func class(s *why.Standing) string {
	colour := "active_up"
	state, _, _ := strings.Cut(s.Out, " ")
	switch state {
	case "":
		if s.Tried || s.Full {
			colour = "active_going_down"
		}
	case "down":
		colour = "active_down"
	case "maint":
		colour = "maintain"
	case "backup":
		colour = "backup_up"
	default: // drain, no load balancing, weight 0
		colour = "active_draining"
	}
	if s.Chosen {
		colour += " chosen"
	}
	return colour
}

// bound leaves rows out where there are many, those of servers that were chosen last.
func (t *servers) bound() {
	if t.Others = max(len(t.Rows)-serversShown, 0); t.Others == 0 {
		return
	}
	slices.SortStableFunc(t.Rows, func(a, b *server) int { return cmp.Compare(b.chosen, a.chosen) })
	t.Rows = t.Rows[:serversShown]
}
