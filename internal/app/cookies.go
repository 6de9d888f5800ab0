package app

import (
	"slices"

	"relais/balancer"
	"relais/internal/config"
	"relais/internal/operate"
)

// tellDerived says of which backends the cookie can be forged, because no key signs it.
func (a *App) tellDerived(t *balancer.Table) {
	for _, b := range t.Backends {
		if b.CookieDerived() {
			a.log.Info().Str("backend", b.Name).Str("cookie", b.CookieName()).
				Msg("the cookie's values are derived from the names of backend and servers: whoever knows these can make them; key_file signs them")
		}
	}
}

// cookieKey is the key that is kept beside the state file, for the cookies of backends without a
// key_file. nil: there is no such file, or it cannot be used.
func (a *App) cookieKey(cfg *config.Config) []byte {
	if cfg.StateFile == "" || !slices.ContainsFunc(cfg.Backends, func(b *config.Backend) bool { return b.Cookie != nil }) {
		return nil
	}
	key, err := operate.CookieKey(cfg.StateFile)
	if err != nil {
		a.log.Warn().Err(err).Msg("the key that signs cookies, which is kept beside the state file")
	}
	return key
}
