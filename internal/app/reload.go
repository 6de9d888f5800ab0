package app

import (
	"errors"
	"time"

	"relais/internal/config"
	"relais/internal/config/file"
)

// errStopping says that there is nothing left to reload for.
var errStopping = errors.New("the balancer is stopping")

// Reloaded is what a reload has done.
type Reloaded struct {
	Unchanged   bool // the files hold what is in force
	Fingerprint string
	Generation  int
	At          time.Time // when it began to be put in force; zero: it was not
	Changes     string    // what was changed, in short
	Dropped     []string  // orders of operators that do not hold any more, and why
}

// Reload puts the configuration file in force as it is now. All or nothing: an error says what
// is wrong, and the old configuration holds on. Connections, counters, health and what operators
// have set survive. When no byte has changed, of the file and of those that it names, nothing
// happens.
func (a *App) Reload() (Reloaded, error) {
	a.change.Lock()
	defer a.change.Unlock()
	return a.reload(nil)
}

// reload does what Reload says, under the lock. agree is asked, if it is not nil, whether what
// was read may be put in force.
func (a *App) reload(agree func(*config.Config) error) (Reloaded, error) {
	if a.isStopping() {
		return Reloaded{}, errStopping
	}
	done, err := a.reloadFrom(agree)
	a.disk.reloaded(done.Fingerprint, err)
	return done, err
}

func (a *App) reloadFrom(agree func(*config.Config) error) (Reloaded, error) {
	if err := a.logs.reopen(); err != nil {
		return Reloaded{}, err
	}
	cfg, err := file.Load(a.file, a.getenv)
	if err != nil {
		return Reloaded{}, err
	}
	if agree != nil {
		if err := agree(cfg); err != nil {
			return Reloaded{}, err
		}
	}
	old := a.parts.file
	if cfg.Fingerprint() == old.Fingerprint() {
		return Reloaded{Unchanged: true, Fingerprint: cfg.Fingerprint(), Generation: a.proxy.Table().Generation}, nil
	}
	if cfg.Log != old.Log || cfg.AccessLog != old.AccessLog || cfg.Explain != old.Explain || cfg.StateFile != old.StateFile {
		a.log.Warn().Msg("log, access_log, explain and state_file take effect at the next start of the balancer; everything else is reloaded")
	}
	changes, at := a.changesTo(cfg), time.Now()
	dropped, err := a.replace(cfg)
	if err != nil {
		return Reloaded{}, err
	}
	a.keepGood(cfg)
	return Reloaded{Fingerprint: cfg.Fingerprint(), Generation: a.proxy.Table().Generation, At: at, Changes: changes, Dropped: dropped}, nil
}

// replace puts another configuration of the admin's in the place of the one in force.
func (a *App) replace(cfg *config.Config) (dropped []string, err error) {
	old := a.parts
	a.parts = old.of(cfg)
	a.names.follow(old, a.parts)
	if err := a.put(); err != nil {
		a.parts = old
		a.names.follow(old)
		return nil, err
	}
	a.names.follow(a.parts)
	a.tellDerived(a.proxy.Table())
	a.loaded.Store(time.Now().UnixNano())
	dropped = a.reconcileOrders(cfg)
	a.limitFrontends(a.proxy.Table())
	if err := a.setLimits(cfg); err != nil {
		a.log.Error().Err(err).Msg("limits.maxconn could not be put in force; the old one holds on")
	}
	a.obey()
	a.guardWith(cfg)
	return dropped, nil
}

// put puts in force what the parts make up now: all or nothing.
func (a *App) put() error {
	cfg := a.parts.assemble(a.expand)
	table, err := a.proxy.Compile(cfg)
	if err != nil {
		return err
	}
	plan, err := planChecks(cfg, table)
	if err != nil {
		return err
	}
	next, err := a.open(cfg, table)
	if err != nil {
		return err
	}
	if err := a.setLimits(cfg); err != nil {
		next.abandon(a)
		return err
	}
	a.remember(time.Now()) // what servers have counted that are gone from now on
	a.proxy.Publish(table)
	a.adopt(next)
	a.reconcileChecks(plan)
	a.obey()
	a.cfg.Store(cfg)
	return nil
}
