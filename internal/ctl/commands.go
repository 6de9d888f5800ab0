package ctl

import (
	"fmt"
	"slices"
	"strings"
)

// allCommands returns HAProxy's commands and those of the balancer's own, which win.
func allCommands(extra []Command) commands {
	var all commands
	for i := range extra {
		all = append(all, own(&extra[i]))
	}
	for _, c := range slices.Concat(lookingCommands(), changingCommands(), sessionCommands()) {
		if !slices.ContainsFunc(all, func(o command) bool { return slices.Equal(o.words, c.words) }) {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, inHelp)
	return all
}

// own makes a command of one of the balancer's own.
func own(e *Command) command {
	return command{
		words: e.Words, usage: e.Usage, help: e.Help, level: e.Level,
		changes: e.Level == Admin, final: true,
		run: func(x *call) error {
			said := &lines{w: x.out}
			err := e.Run(x.args, x.note, func(format string, args ...any) { fmt.Fprintf(said, format, args...) })
			said.end()
			return err
		},
	}
}

// lookingCommands change nothing.
func lookingCommands() commands {
	return commands{
		{words: w("echo"), usage: "<text>", help: "print text to the output", run: (*call).echo},
		{words: w("get weight"), usage: "<bk>/<srv>", help: "report a server's current weight", run: (*call).getWeight},
		{words: w("show activity"), help: "show a few figures of the process", run: (*call).showActivity},
		{words: w("show backend"), help: "list backends in the current running config", run: (*call).showBackend},
		{words: w("show cli level"), help: "display the level of the current CLI session", run: (*call).showLevel},
		{words: w("show cli sockets"), help: "dump list of cli sockets", run: (*call).showSockets},
		{words: w("show env"), usage: "[var]", help: "dump environment variables known to the process", level: Operator, run: (*call).showEnv},
		{words: w("show errors"), usage: "[<px>] [request|response]", help: "report last request and/or response errors for each proxy", level: Operator, run: (*call).showErrors},
		{words: w("show info"), usage: "[desc|json|typed|float]*", help: "report information about the running process", run: (*call).showInfo},
		{words: w("show orders"), usage: "[json]", help: "list what operators have changed: object, what, who, when, why, until when", run: (*call).showOrders},
		{words: w("show schema json"), help: "report schema used for stats", run: (*call).showSchema},
		{words: w("show servers conn"), usage: "[<backend>]", help: "dump server connections status (all or for a single backend)", run: (*call).showServersConn},
		{words: w("show servers state"), usage: "[<backend>]", help: "dump volatile server information (all or for a single backend)", run: (*call).showServersState},
		{words: w("show sess"), usage: "[id|all|susp|<options>*]", help: "report the list of current sessions or dump this exact session", level: Operator, run: (*call).showSess},
		{words: w("show stat"), usage: "[desc|json|no-maint|typed|up]*", help: "report counters for each proxy and server", run: (*call).showStat},
		{words: w("show table"), usage: "<table> [<filter>]*", help: "report table usage stats (there are no tables)", run: (*call).showTable},
		{words: w("show version"), help: "show version of the current process", run: (*call).showVersion},
		{words: w("wait"), usage: "{-h|<delay_ms>} cond [args]", help: "wait the specified delay or condition (-h to see list)", run: (*call).wait},
	}
}

// changingCommands may end with a reason and a time.
func changingCommands() commands {
	all := commands{
		{words: w("add server"), final: true, usage: "<bk>/<srv>", help: "create a new server", run: (*call).addServer},
		{words: w("clear counters"), final: true, usage: "[all]", help: "clear max statistics counters (or all counters)", level: Operator, run: (*call).clearCounters},
		{words: w("clear counters server"), final: true, usage: "<bk>/<srv>", help: "clear the counters of a server", run: (*call).clearServerCounters},
		{words: w("del server"), final: true, usage: "<bk>/<srv>", help: "remove a dynamically added server", run: (*call).delServer},
		{words: w("set maxconn frontend"), usage: "<frontend> <value>", help: "change a frontend's maxconn setting", run: (*call).setMaxconnFrontend},
		{words: w("set maxconn global"), usage: "<value>", help: "change the per-process maxconn setting", run: (*call).setMaxconnGlobal},
		{words: w("set maxconn server"), usage: "<bk>/<srv>", help: "change a server's maxconn setting", run: (*call).setMaxconnServer},
		{words: w("set server"), usage: "<bk>/<srv> [opts]", help: "change a server's state, weight, address or checks", run: (*call).setServer},
		{words: w("set weight"), usage: "<bk>/<srv>  (DEPRECATED)", help: "change a server's weight (use 'set server' instead)", run: (*call).setWeight},
		{words: w("shutdown frontend"), final: true, usage: "<frontend>", help: "stop a specific frontend", run: (*call).shutdownFrontend},
		{words: w("shutdown session"), final: true, usage: "[id]", help: "kill a specific session", run: (*call).shutdownSession},
		{words: w("shutdown sessions server"), final: true, usage: "<bk>/<srv>", help: "kill sessions on a server", run: (*call).shutdownSessions},
	}
	for _, on := range []bool{false, true} {
		verb := map[bool]string{false: "disable", true: "enable"}[on]
		all = append(all,
			command{words: w(verb + " agent"), final: true, usage: "<bk>/<srv>", help: verb + " agent checks", run: func(x *call) error { return x.enableAgent(on) }},
			command{words: w(verb + " frontend"), usage: "<frontend>", help: verb + " accepting new connections", run: func(x *call) error { return x.enableFrontend(on) }},
			command{words: w(verb + " health"), final: true, usage: "<bk>/<srv>", help: verb + " health checks", run: func(x *call) error { return x.enableHealth(on) }},
			command{words: w(verb + " server"), usage: "<bk>/<srv> (DEPRECATED)", help: verb + " a server (use 'set server' instead)", run: func(x *call) error { return x.enableServer(on) }},
		)
	}
	for i := range all {
		all[i].changes = true
		if all[i].level == User {
			all[i].level = Admin
		}
	}
	return all
}

// sessionCommands concern the session alone.
func sessionCommands() commands {
	return commands{
		{words: w("help"), usage: "[<command>]", help: "list matching or all commands", run: (*call).help},
		{words: w("operator"), help: "lower the level of the current CLI session to operator", run: func(x *call) error { return x.lower(Operator) }},
		{words: w("prompt"), usage: "[help | n | i | p | timed]*", help: "toggle interactive mode with prompt", run: (*call).prompt},
		{words: w("quit"), help: "disconnect", run: (*call).quit},
		{words: w("set severity-output"), usage: "[none|number|string]", help: "set presence of severity level in feedback information", run: (*call).setSeverity},
		{words: w("set timeout"), usage: "[cli] <delay>", help: "change a timeout setting", run: (*call).setTimeout},
		{words: w("user"), help: "lower the level of the current CLI session to user", run: func(x *call) error { return x.lower(User) }},
	}
}

func w(words string) []string { return strings.Fields(words) }
