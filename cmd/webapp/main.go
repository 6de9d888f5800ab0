// Command webapp is one web server of the stack.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"relais/webapp"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	err := webapp.Command().ExecuteContext(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "webapp:", err)
	}
	os.Exit(webapp.ExitCode(err))
}
