package config

func (v *validator) agent(path string, a *Agent) {
	if a.Port == 0 {
		v.fault(path+".port", "missing; write the port of the agent, such as 8080")
	} else {
		v.between(path+".port", a.Port, 1, 65535)
	}
	v.refuse(path+".address", checkHostFault(a.Host))
	v.duration(path+".inter", a.Inter)
}

// observe looks at what traffic, and not a check, tells of servers.
func (v *validator) observe(path string, b *Backend) {
	if b.Observe != "" {
		v.oneOf(path+".observe", b.Observe, []string{"layer4", "layer7"})
		if b.HealthCheck == nil {
			v.fault(path+".observe", `without checks nothing brings a server back that it takes down; write health_check beside it, or observe: ""`)
		}
	}
	v.between(path+".error_limit", b.ErrorLimit, 1, 100_000)
	v.oneOf(path+".on_error", b.OnError, []string{"fastinter", "fail-check", "sudden-death", "mark-down"})
	if b.OnMarkedDown != "" {
		v.oneOf(path+".on_marked_down", b.OnMarkedDown, []string{"shutdown-sessions"})
	}
}
