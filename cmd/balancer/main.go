// Command balancer is the load balancer.
package main

import (
	"errors"
	"fmt"
	"os"

	"relais/internal/app"
)

func main() {
	err := app.Command().Execute()
	if err != nil && err.Error() != "" && !errors.Is(err, app.ErrWouldChange) {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(app.ExitCode(err))
}
