// Package webapp is one web server of the stack: a page with a visit count and messages, a small
// JSON API, health answers and metrics, on MySQL or SQLite.
package webapp

import (
	"errors"
	"fmt"
	"os"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
)

// ErrUsage marks wrong usage of the command line.
var ErrUsage = errors.New("wrong usage")

const commandHelp = `One web server of the stack. It is configured by its environment:

  SERVER_ID            its name, in the X-Server-Id header too (the host's name)
  SERVER_ID_SUFFIX     "hostname" adds the first four characters of the host's name:
                       for several containers that share one SERVER_ID
  LISTEN_HOST          the address to listen on (all)
  PORT                 the port to listen on, 0 for any free one (5000)
  MYSQL_HOST           the MySQL server or the path of its socket; unset: SQLite
  MYSQL_PORT           (3306)
  MYSQL_DATABASE       (cloudapp)
  MYSQL_USER           (clouduser)
  MYSQL_PASSWORD       (cloudpass), or
  MYSQL_PASSWORD_FILE  a file that holds it
  SQLITE_PATH          the file of the embedded database (webapp.db)`

// Command returns the webapp command with its verbs serve and health. Serve runs until the
// command's context ends; whoever executes the command turns signals into that. Its errors are
// for the caller to print, ExitCode says what to exit with.
func Command() *cobra.Command {
	root := newCommand("webapp", "One web server of the stack", func(*cobra.Command) error {
		return fmt.Errorf("%w: say webapp serve or webapp health", ErrUsage)
	})
	root.Long = commandHelp
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	})
	root.AddCommand(
		newCommand("serve", "Serve until SIGTERM or SIGINT", runServe),
		newCommand("health", "Ask the server on this machine whether it is healthy", runHealth),
	)
	return root
}

// ExitCode returns 0 for no error, 2 for wrong usage and 1 for any other error.
func ExitCode(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, ErrUsage):
		return 2
	}
	return 1
}

func newCommand(name, short string, run func(*cobra.Command) error) *cobra.Command {
	return &cobra.Command{
		Use:           name,
		Short:         short,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("%w: %s takes no argument %q", ErrUsage, name, args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd) },
	}
}

func runServe(cmd *cobra.Command) error {
	cfg, err := configFromEnv(os.Getenv)
	if err != nil {
		return err
	}
	log := zerolog.New(cmd.ErrOrStderr()).With().Timestamp().Str("server", cfg.serverID).Logger()
	return serve(cmd.Context(), cfg, log)
}

func runHealth(cmd *cobra.Command) error {
	cfg, err := configFromEnv(os.Getenv)
	if err != nil {
		return err
	}
	return askHealth(cmd.Context(), cfg)
}
