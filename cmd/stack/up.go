package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

const upHelp = `Start the balancer and the web servers, each as a process of its own, with an embedded
database. It prints the URLs and then what is worth knowing, and keeps everything running:
a process that dies is started again, after 200 ms at first and 10 s at most.

The application listens on every interface, everything else on loopback; --bind says
otherwise for the application and the stats page. Port 0 stands for any free one.

Everything is kept in the data directory: the database, and the balancer's configuration,
which is written anew at every start.

Ctrl-C, SIGTERM and SIGHUP stop the balancer first, which finishes what runs, and then the
web servers. A second signal kills them. No process is left behind, whatever happens.`

// maxWeb bounds how many web servers there may be.
const maxWeb = 64

// options are what the command line of stack up says.
type options struct {
	data      string
	web       int
	bind      string // empty: not given
	port      int
	statsPort int
	webPort   int // of the first web server, the others follow; 0: any free ones
	accessLog bool
}

func upCommand() *cobra.Command {
	var o options
	cmd := &cobra.Command{Use: "up", Short: "Start everything, until Ctrl-C", Long: upHelp, Args: noArguments}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&o.data, "data", "./data", "the directory `DIR` of the data, made when it does not exist")
	flags.IntVar(&o.web, "web", 3, "`N` web servers, 1 to 64")
	flags.StringVar(&o.bind, "bind", "", "the application and the stats page listen on `ADDR`, an IP address or host name")
	flags.IntVar(&o.port, "port", 8080, "the application's `PORT`")
	flags.IntVar(&o.statsPort, "stats-port", 8404, "the stats page's `PORT`")
	flags.IntVar(&o.webPort, "first-web-port", 5001, "the first web server's `PORT`; the others' follow")
	flags.BoolVar(&o.accessLog, "access-log", false, "print a line for each request")
	cmd.RunE = func(*cobra.Command, []string) error { return up(o) }
	return cmd
}

func up(o options) error {
	o.bind = strings.TrimSuffix(strings.TrimPrefix(o.bind, "["), "]")
	if fault := o.fault(); fault != "" {
		return fmt.Errorf("%w: %s", errUsage, fault)
	}
	stop := listenForStop()
	defer stop.close()
	dir, err := openData(o.data)
	if err != nil {
		return err
	}
	defer dir.close()
	sites, err := claimPorts(layoutOf(o))
	if err != nil {
		return err
	}
	if err := dir.writeConfig(sites, o.accessLog); err != nil {
		return err
	}
	s, err := newStack(dir, sites, newConsole(os.Stdout, sites.names()))
	if err != nil {
		return err
	}
	return s.run(stop)
}

// fault says what is wrong with the options; empty: nothing.
func (o options) fault() string {
	switch host, port, found := strings.Cut(o.bind, ":"); {
	case o.data == "":
		return "--data is empty; name a directory, such as --data ./data"
	case o.web < 1 || o.web > maxWeb:
		return fmt.Sprintf("--web %d is out of range; say 1 to %d", o.web, maxWeb)
	case found && !strings.Contains(port, ":"): // an IPv6 address has more than one colon
		return fmt.Sprintf("--bind %s has a port; say --bind %s --port %s", o.bind, orElse(host, "0.0.0.0"), port)
	}
	for _, p := range []struct {
		flag string
		port int
	}{{flagPort, o.port}, {flagStatsPort, o.statsPort}, {flagWebPort, o.webPort}} {
		if p.port < 0 || p.port > 65535 {
			return fmt.Sprintf("%s %d is not a port; say 1 to 65535, or 0 for any free one", p.flag, p.port)
		}
	}
	if o.webPort+o.web-1 > 65535 {
		return fmt.Sprintf("%s %d leaves no room for %d web servers", flagWebPort, o.webPort, o.web)
	}
	return layoutOf(o).clash()
}

func orElse(value, absent string) string {
	if value == "" {
		return absent
	}
	return value
}
