package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"relais/internal/config/file"
	"relais/internal/ctl"
	"relais/internal/plan"
)

// ErrWouldChange is how plan tells that a reload would change something.
var ErrWouldChange = errors.New("a reload would change something")

// planCommand is the verb plan.
func planCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "plan --config NEW.yml", Short: "Say what a reload with another configuration would change", Args: noArguments,
		Long: "plan asks the running balancer what a reload with the configuration NEW.yml would change.\n" +
			"It changes nothing. Exit code 0: nothing would change; 2: something would; 1: there is a fault.",
	}
	path := cmd.Flags().StringP("config", "f", "", "the configuration to compare with what runs")
	socket := cmd.Flags().String("socket", "", "the runtime socket; else $RELAIS_SOCKET, else admin_socket of ./balancer.yml")
	asJSON := cmd.Flags().Bool("json", false, "print the plan as JSON")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *path == "" {
			return fmt.Errorf("%w: which configuration? say --config NEW.yml", ErrUsage)
		}
		text, err := askForPlan(cmd, *socket, *path)
		if err != nil {
			return err
		}
		return printPlan(cmd.OutOrStdout(), text, *asJSON)
	}
	return cmd
}

// askForPlan returns the plan as JSON. The configuration is read here first, so that its faults
// are told with its name as it was given.
func askForPlan(cmd *cobra.Command, flag, path string) ([]byte, error) {
	if _, err := file.Load(path, os.LookupEnv); err != nil {
		return nil, err
	}
	socket, err := socketPath(flag)
	if err != nil {
		return nil, err
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	var answer bytes.Buffer
	if err := ctl.Do(cmd.Context(), socket, ctl.Join([]string{"plan", absolute, "json"}), &answer); err != nil {
		if errors.Is(err, ctl.ErrAnswer) {
			err = fmt.Errorf("the balancer cannot plan: %s", bytes.TrimSpace(answer.Bytes()))
		}
		return nil, err
	}
	return answer.Bytes(), nil
}

func printPlan(out io.Writer, text []byte, asJSON bool) error {
	var p plan.Plan
	if err := json.Unmarshal(text, &p); err != nil {
		return fmt.Errorf("read the plan: %w", err)
	}
	var err error
	if asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(&p)
	} else {
		err = p.WriteText(out)
	}
	if err == nil && p.Changed() {
		return ErrWouldChange
	}
	return err
}
