package app

import "relais/balancer"

// tellDerived says of which backends the cookie can be forged, because no key signs it.
func (a *App) tellDerived(t *balancer.Table) {
	for _, b := range t.Backends {
		if b.CookieDerived() {
			a.log.Info().Str("backend", b.Name).Str("cookie", b.CookieName()).
				Msg("the cookie's values are derived from the names of backend and servers: whoever knows these can make them; key_file signs them")
		}
	}
}
