package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"relais/internal/config/file"
	"relais/internal/ctl"
)

// ctlCommand is the verb ctl: one line of runtime commands, or without one a prompt.
func ctlCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "ctl [--socket PATH] COMMAND...", Short: "Give a running balancer a runtime command, such as: ctl show servers state",
		Long: "ctl gives a running balancer HAProxy's runtime commands, on the socket that admin_socket names.\n" +
			"Without a command it prompts for some; \"help\" lists them.",
		Example: "  balancer ctl show stat\n  balancer ctl set server app/web2 state maint reason \"disk swap\" for 30m\n  balancer ctl reload",
	}
	socket := cmd.Flags().String("socket", "", "the socket; else $RELAIS_SOCKET, else admin_socket of ./balancer.yml")
	cmd.Flags().SetInterspersed(false) // what follows belongs to the command
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		path, err := socketPath(*socket)
		if err != nil {
			return err
		}
		ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
		defer stop()
		return talk(ctx, path, args)
	}
	return cmd
}

func talk(ctx context.Context, path string, args []string) error {
	var err error
	switch len(args) {
	case 0:
		err = ctl.Interact(ctx, path, os.Stdin, os.Stdout)
	case 1: // a whole line
		err = ctl.Do(ctx, path, args[0], os.Stdout)
	default:
		err = ctl.Do(ctx, path, ctl.Join(args), os.Stdout)
	}
	if errors.Is(err, ctl.ErrAnswer) {
		return errSaid // the answer has been printed
	}
	return err
}

// errSaid is an error that the user has been told.
var errSaid = errors.New("")

// socketPath finds the socket of the balancer that is meant.
func socketPath(flag string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	if env := os.Getenv("RELAIS_SOCKET"); env != "" {
		return env, nil
	}
	cfg, err := file.Load("balancer.yml", os.LookupEnv)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("which balancer? ./balancer.yml cannot tell; say --socket PATH or set RELAIS_SOCKET\n%w", err)
	case err != nil:
		return "", fmt.Errorf("%w: which balancer? say --socket PATH or set RELAIS_SOCKET, for ./balancer.yml tells nothing: %s", ErrUsage, err)
	case cfg.AdminSocket == nil:
		return "", fmt.Errorf("%w: ./balancer.yml has no admin_socket; add one and reload, or say --socket PATH", ErrUsage)
	}
	return cfg.AdminSocket.Path, nil
}
