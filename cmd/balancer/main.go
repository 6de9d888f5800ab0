// Command balancer is the load balancer.
package main

import (
	"fmt"
	"os"

	"relais/internal/app"
)

func main() {
	err := app.Command().Execute()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(app.ExitCode(err))
}
