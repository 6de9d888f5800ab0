package app

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"relais/internal/config/file"
)

// ErrUsage marks wrong usage of the command line.
var ErrUsage = errors.New("wrong usage")

// ExitCode returns 0 for no error, 2 for wrong usage and 1 for any other error.
func ExitCode(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, ErrUsage), errors.Is(err, ErrWouldChange):
		return 2
	}
	return 1
}

// Command returns the balancer command with its verbs. Its errors are for the caller to print,
// ExitCode says what to exit with.
func Command() *cobra.Command {
	root := &cobra.Command{
		Use: "balancer", Short: "HTTP load balancer",
		Long:          "balancer spreads HTTP requests over servers and checks their health.",
		SilenceErrors: true, SilenceUsage: true, Args: noArguments,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	config := root.Flags().StringP("file", "f", "", "the configuration; the same as balancer run --config FILE")
	root.RunE = func(cmd *cobra.Command, _ []string) error {
		if *config == "" {
			return fmt.Errorf("%w: say balancer run --config FILE; balancer --help shows the other verbs", ErrUsage)
		}
		return run(cmd, *config)
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return fmt.Errorf("%w: %w", ErrUsage, err) })
	root.AddCommand(
		configCommand("run", "Balance until SIGTERM or SIGINT, which stop gracefully", run),
		ctlCommand(),
		planCommand(),
		configCommand("check", "Say what is wrong with a configuration", check),
		&cobra.Command{
			Use: "version", Short: "Print the version", Args: noArguments,
			RunE: func(cmd *cobra.Command, _ []string) error {
				_, err := fmt.Fprintln(cmd.OutOrStdout(), "relais", Version)
				return err
			},
		},
	)
	return root
}

// configCommand makes a verb that works on a configuration file.
func configCommand(use, short string, run func(*cobra.Command, string) error) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: noArguments}
	path := cmd.Flags().StringP("config", "f", "balancer.yml", "the configuration")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return run(cmd, *path) }
	return cmd
}

func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%w: %s does not know %q; balancer --help shows the verbs", ErrUsage, cmd.CommandPath(), args[0])
	}
	return nil
}

// check prints the faults of a configuration through its error: one line each.
func check(cmd *cobra.Command, path string) error {
	if _, err := file.Load(path, os.LookupEnv); err != nil {
		return err
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s is valid\n", path)
	return err
}
