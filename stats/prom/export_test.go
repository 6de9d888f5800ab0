package prom

// Names returns the names of all metrics that there may be but those of the runtime.
func Names() (names []string) {
	for _, f := range families("") {
		names = append(names, f.name)
	}
	return names
}
