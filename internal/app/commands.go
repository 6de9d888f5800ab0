package app

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"relais/internal/config"
	"relais/internal/ctl"
)

// commands are those that HAProxy does not have, or has for its master only.
func (a *App) commands() []ctl.Command {
	return []ctl.Command{
		{
			Words: []string{"reload"}, Usage: "[plan HASH | watch TIME [min-requests N] [max-errors P%] [max-latency Fx]]", Level: ctl.Admin,
			Help: "put the configuration file in force as it is now: if nothing has moved since a plan, or to go back if the traffic suffers",
			Run:  a.ctlReload,
		},
		{
			Words: []string{"plan"}, Usage: "FILE [json]", Level: ctl.Admin,
			Help: "say what a reload with another configuration would change",
			Run:  a.ctlPlan,
		},
		{
			Words: []string{"show", "generations"}, Level: ctl.User,
			Help: "list the configurations that something still runs on",
			Run:  a.showGenerations,
		},
		{
			Words: []string{"show", "config"}, Usage: "[sources]", Level: ctl.Operator,
			Help: "say which configuration is in force, and whether the one on disk is sound",
			Run:  a.showConfig,
		},
		{
			Words: []string{"show", "changes"}, Usage: "[json]", Level: ctl.Operator,
			Help: "list what operators have changed, the last 200 changes",
			Run:  a.showChanges,
		},
		{
			Words: []string{"show", "events"}, Level: ctl.Operator,
			Help: "list what has happened: servers up and down, orders, reloads, other addresses",
			Run:  a.showEvents,
		},
		{
			Words: []string{"show", "ssl", "cert"}, Level: ctl.User,
			Help: "list the certificates that listeners show, and when they expire",
			Run:  a.showCertificates,
		},
		{
			Words: []string{"show", "latency"}, Usage: "[backend]", Level: ctl.User,
			Help: "list percentiles of how long servers took, over the last 10 s, 1 min and 5 min",
			Run:  a.showLatency,
		},
		{
			Words: []string{"explain"}, Usage: "ID | --backend NAME [--last TIME] | [--last TIME] [--client NETWORK] [--path PATH] [--status STATUS] ...", Level: ctl.User,
			Help: "say why a request went where it went, why servers have their shares, or list requests",
			Run:  a.explain,
		},
		{
			Words: []string{"show", "names"}, Level: ctl.User,
			Help: "list the names that servers come from, and their addresses",
			Run:  a.showNames,
		},
	}
}

var errArguments = errors.New("these arguments are not known; help shows them")

// ctlReload reloads in the name of whoever is at the socket.
func (a *App) ctlReload(args []string, note ctl.Note, say func(string, ...any)) error {
	args = withoutDashes(args)
	var agree func(*config.Config) error
	switch {
	case len(args) > 0 && args[0] == "watch":
		return a.watchedReload(args[1:], note, say)
	case len(args) == 2 && args[0] == "plan":
		agree = a.asPlanned(args[1])
	case len(args) > 0:
		return errArguments
	}
	a.change.Lock()
	done, err := a.reload(agree)
	a.change.Unlock()
	a.tellReload(done, err, note.By)
	if err != nil {
		return refused(err)
	}
	say("%s\n", a.words(done))
	return nil
}

// refused is for whoever wanted to reload.
func refused(err error) error {
	return fmt.Errorf("Not reloaded; what runs goes on.\n%w", err) //nolint:staticcheck // for a person
}

// withoutDashes lets arguments be written as options of a command line: --plan HASH.
func withoutDashes(args []string) []string {
	plain := make([]string, len(args))
	for i, arg := range args {
		plain[i] = strings.TrimPrefix(arg, "--")
	}
	return plain
}

// tellReload writes into log and timeline how a reload went, and who wanted it.
func (a *App) tellReload(done Reloaded, err error, by string) {
	a.noteReload(done, err, by)
	switch {
	case err != nil:
		a.log.Error().Err(err).Str("by", by).Str("config", a.file).Msg("not reloaded; the old configuration holds on")
	case done.Unchanged:
		event := a.log.Info().Str("by", by).Str("config", a.file).Str("fingerprint", done.Fingerprint)
		if hint := missed(a.cfg.Load().Sources); hint != "" {
			event.Str("hint", hint)
		}
		event.Msg("nothing to reload: no byte has changed")
	default:
		a.log.Info().Str("by", by).Str("config", a.file).Str("fingerprint", done.Fingerprint).Int("generation", done.Generation).
			Strs("frontends", a.Addrs()).Msg("reloaded")
	}
}

func (a *App) showGenerations(args []string, _ ctl.Note, say func(string, ...any)) error {
	if len(args) > 0 {
		return errArguments
	}
	say("# generation state streams since held_by\n")
	streams := a.proxy.Streams()
	for _, g := range a.proxy.Generations() {
		state, since := "current", time.Unix(0, a.loaded.Load())
		if !g.Retired.IsZero() {
			state, since = "retired", g.Retired
		}
		holders := []string{}
		for _, s := range streams {
			if s.Generation == g.Number && !s.Began.IsZero() && !g.Retired.IsZero() && len(holders) < 20 {
				holders = append(holders, fmt.Sprintf("%#x:%s/%s", s.ID, nameOfBackend(s.Backend), nameOfServer(s.Server)))
			}
		}
		say("%d %s %d %s %s\n", g.Number, state, g.Streams, since.UTC().Format(time.RFC3339), strings.Join(append(holders, "-")[:max(1, len(holders))], ","))
	}
	return nil
}

func (a *App) showConfig(args []string, _ ctl.Note, say func(string, ...any)) error {
	a.change.Lock()
	inForce := a.parts.file
	a.change.Unlock()
	if len(args) == 1 && args[0] == "sources" {
		for _, source := range inForce.Sources {
			say("# %s\n%s\n", source.Name, source.Data)
		}
		return nil
	}
	if len(args) > 0 {
		return errArguments
	}
	a.lookAtDisk()
	s := a.Snapshot(time.Now())
	say("file: %s\nfingerprint: %s\ngeneration: %d\nloaded: %s\n", a.file, s.Process.ConfigHash, a.proxy.Table().Generation, s.Process.ConfigLoaded.UTC().Format(time.RFC3339))
	switch {
	case s.Process.ConfigFault != "":
		say("on disk: not valid, a restart would fail:\n%s\n", s.Process.ConfigFault)
	case s.Process.ConfigPending:
		say("on disk: valid, and other than what runs\n")
	default:
		say("on disk: what runs\n")
	}
	if s.Process.ReloadFault != "" {
		say("last reload: refused:\n%s\n", s.Process.ReloadFault)
	}
	return nil
}

func (a *App) showChanges(args []string, _ ctl.Note, say func(string, ...any)) error {
	changes := a.journal.Changes()
	switch {
	case len(args) == 1 && args[0] == "json":
		text, err := json.Marshal(changes)
		if err == nil {
			say("%s\n", text)
		}
		return err
	case len(args) > 0:
		return errArguments
	}
	for _, c := range changes {
		say("%s %s: %s", c.At.UTC().Format(time.RFC3339), c.By, c.What)
		if c.Reason != "" {
			say(" (%s)", c.Reason)
		}
		say(": %s\n", c.Result)
	}
	return nil
}

func (a *App) showNames(args []string, _ ctl.Note, say func(string, ...any)) error {
	if len(args) > 0 {
		return errArguments
	}
	a.change.Lock()
	defer a.change.Unlock()
	for _, b := range a.parts.file.Backends {
		for _, s := range b.Servers {
			name, is := nameOf(a.parts.asEdited(b, s))
			if !is {
				continue
			}
			answer, _ := a.names.resolver.Answer(name)
			say("%s/%s %s\n", b.Name, s.Name, cmp.Or(answer.Cause, name.Host+": not answered yet"))
			if answer.Err != nil {
				say("  last question: %s\n", answer.Err)
			}
			for _, e := range answer.Endpoints {
				say("  %s\n", e.Address)
			}
		}
	}
	return nil
}
