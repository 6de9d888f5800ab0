// Command stack runs the whole stack on one machine without Docker: the balancer, the web servers
// and an embedded database.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"relais/internal/app"
	"relais/webapp"
)

// errUsage marks wrong usage of the command line.
var errUsage = errors.New("wrong usage")

func main() {
	err := command().Execute()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(exitCode(err))
}

// command has the programs of the stack among its verbs: stack up starts itself again as those.
func command() *cobra.Command {
	root := &cobra.Command{
		Use: "stack", Short: "The whole stack on this machine, without Docker",
		SilenceErrors: true, SilenceUsage: true, Args: noArguments,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return fmt.Errorf("%w: %w", errUsage, err) })
	root.AddCommand(upCommand(), app.Command(), webappCommand())
	return root
}

// exitCode returns 0 for no error, 2 for wrong usage and 1 for any other error.
func exitCode(err error) int {
	if errors.Is(err, errUsage) {
		return 2
	}
	return max(app.ExitCode(err), webapp.ExitCode(err))
}

func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%w: %s does not know %q; %s --help shows what it knows", errUsage, cmd.CommandPath(), args[0], cmd.CommandPath())
	}
	return nil
}

// webappCommand ends with SIGINT and SIGTERM, and a second one ends it at once.
func webappCommand() *cobra.Command {
	root := webapp.Command()
	root.PersistentPreRun = func(cmd *cobra.Command, _ []string) {
		ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
		context.AfterFunc(ctx, stop)
		cmd.SetContext(ctx)
	}
	return root
}
