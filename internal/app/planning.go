package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"relais/balancer"
	"relais/internal/config"
	"relais/internal/config/file"
	"relais/internal/ctl"
	"relais/internal/operate"
	"relais/internal/plan"
)

// errMoved says that a plan does not hold any more.
var errMoved = errors.New("something has moved since the plan was made; look at a new one")

// plan tells what a reload with another configuration would change now. It is called under
// App.change.
func (a *App) plan(next *config.Config) (*plan.Plan, error) {
	folder, err := a.folder()
	if err != nil {
		return nil, err
	}
	return a.compare(next, a.facts(next, folder))
}

// compare tells what another configuration changes, as far as the facts tell. It is called under
// App.change.
func (a *App) compare(next *config.Config, facts plan.Facts) (*plan.Plan, error) {
	folder, err := a.folder()
	if err != nil {
		return nil, err
	}
	return plan.Compare(a.parts.file.InFolder(folder), next.InFolder(folder), facts), nil
}

// folder is where the configuration file is.
func (a *App) folder() (string, error) { return filepath.Abs(filepath.Dir(a.file)) }

// facts are what there is to be known of the running balancer, whose file is in that folder.
func (a *App) facts(next *config.Config, folder string) plan.Facts {
	table, streams := a.proxy.Table(), a.proxy.Streams()
	return plan.Facts{
		Now: time.Now(),
		Served: func(backend, server string) int {
			return count(streams, func(s balancer.Stream) bool { return !s.Began.IsZero() && isOn(s, backend, server) })
		},
		Tunnels: func(backend, server string) int {
			return count(streams, func(s balancer.Stream) bool { return s.Tunnel && isOn(s, backend, server) })
		},
		Conns: func(frontend, bind string) (n int) {
			for _, s := range a.binds {
				if a.parts.file.AddressIn(folder, s.address) == bind && s.frontend.Load().Name == frontend {
					n += s.listener.Conns()
				}
			}
			return n
		},
		Usable: func(backend, server string) bool {
			s := table.Server(backend, server)
			return s != nil && s.Usable()
		},
		Orders: a.plannedOrders(), Dynamic: a.plannedServers(),
		HashNow: a.parts.file.Fingerprint(), HashNext: next.Fingerprint(),
		Revision: fmt.Sprint(a.journal.Revision(), " ", a.edits),
	}
}

func count(streams []balancer.Stream, match func(balancer.Stream) bool) (n int) {
	for _, s := range streams {
		if match(s) {
			n++
		}
	}
	return n
}

func isOn(s balancer.Stream, backend, server string) bool {
	return s.Server != nil && s.Server.Backend == backend && s.Server.Name == server
}

func (a *App) plannedOrders() (orders []plan.Order) {
	for _, o := range a.journal.Orders() {
		orders = append(orders, plan.Order{
			Object: plannedObject(o.Object), Key: string(o.Key), Value: o.Value, FileValue: o.File,
			By: o.By, Reason: o.Reason, At: o.At, Until: o.Until,
		})
	}
	return orders
}

func plannedObject(o operate.Object) string {
	switch {
	case o.Server != "":
		return o.Backend + "/" + o.Server
	case o.Frontend != "":
		return o.Frontend
	}
	return "process"
}

func (a *App) plannedServers() (servers []plan.Server) {
	for _, s := range a.journal.Servers() {
		servers = append(servers, plan.Server{Backend: s.Backend, Name: s.Name})
	}
	return servers
}

// ctlPlan answers what a reload with the file that is named would change. It is for those who may
// read what the balancer may read.
func (a *App) ctlPlan(args []string, _ ctl.Note, say func(string, ...any)) error {
	if len(args) == 0 || len(args) > 2 || len(args) == 2 && args[1] != "json" {
		return errArguments
	}
	next, err := file.Load(args[0], a.getenv)
	if err != nil {
		return err
	}
	a.change.Lock()
	p, err := a.plan(next)
	a.change.Unlock()
	if err != nil {
		return err
	}
	if len(args) == 2 {
		text, err := json.Marshal(p)
		if err == nil {
			say("%s\n", text)
		}
		return err
	}
	return p.WriteText(sayer(say))
}

// sayer lets what writes bytes say them.
type sayer func(format string, args ...any)

// Write implements io.Writer.
func (s sayer) Write(p []byte) (int, error) {
	s("%s", p)
	return len(p), nil
}

// asPlanned agrees to a configuration if the plan with that hash is what a reload would do now.
func (a *App) asPlanned(hash string) func(*config.Config) error {
	return func(next *config.Config) error {
		now, err := a.plan(next)
		if err == nil && now.Hash != hash {
			err = fmt.Errorf("%w (it is %s now)", errMoved, now.Hash)
		}
		return err
	}
}
