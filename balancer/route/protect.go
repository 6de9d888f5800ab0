package route

import (
	"fmt"

	"relais/internal/config"
)

// mayEdit tells what stands against a key of an edit touching the fields of a name.
func (s scope) mayEdit(name, key string) error {
	if fault := config.EditFault(name, key, s == inResponse); fault != "" {
		return fmt.Errorf("%s: %s", key, fault)
	}
	return nil
}
