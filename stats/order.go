package stats

import "strings"

// State returns the state that the order sets: ready, drain or maint. It is empty if the order is
// about something else, such as the weight.
func (o *Order) State() string {
	state, ok := strings.CutPrefix(o.What, "state ")
	if !ok {
		return ""
	}
	return state
}

// StateOrder returns the order of an operator that the server's state comes from, or nil.
func (r *Row) StateOrder() *Order {
	for i := len(r.Orders) - 1; i >= 0; i-- {
		if r.Orders[i].State() != "" {
			return &r.Orders[i]
		}
	}
	return nil
}

// ordered tells whether an operator wants the server in that state.
func (r *Row) ordered(state string) bool {
	o := r.StateOrder()
	return o != nil && o.State() == state
}
