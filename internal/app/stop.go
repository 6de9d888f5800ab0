package app

import "context"

// Stop stops gracefully: no new connections, requests under way end, at most until
// shutdown_timeout or the end of ctx. The admin listener answers to the last.
func (a *App) Stop(ctx context.Context) error {
	close(a.stopping)
	a.change.Lock() // a change under way ends first; none begins any more
	timeout := a.cfg.Load().ShutdownTimeout
	a.change.Unlock()
	a.log.Info().Stringer("timeout", timeout).Msg("stopping: no new connections, waiting for running requests")
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	defer context.AfterFunc(ctx, a.halt)()
	a.proxy.Stop()
	if a.handedOver {
		a.stopAdmins()
	}
	a.drain(ctx, a.binds)
	a.retired.Wait()
	a.halt()
	if !a.handedOver {
		a.stopAdmins()
	}
	a.stopChecks()
	a.ending()
	a.beside.Wait()
	a.names.resolver.Stop()
	a.proxy.Close()
	a.log.Info().Msg("stopped")
	return a.logs.close()
}

// stopAdmins ends the runtime socket and the listener of the admins.
func (a *App) stopAdmins() {
	if a.socket != nil {
		a.socket.stop()
	}
	if a.admin != nil {
		a.admin.stop()
	}
}

// drain waits for what is under way on the binds, and ends what takes too long.
func (a *App) drain(ctx context.Context, binds []*bindServer) {
	errs := make(chan error, len(binds))
	for _, s := range binds {
		go func() { errs <- s.stop(ctx) }()
	}
	for range binds {
		if <-errs != nil {
			a.log.Warn().Msg("requests were cut off: they ran longer than shutdown_timeout")
		}
	}
}
