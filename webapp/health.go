package webapp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"
)

// health is the answer of /health and /ready. Field order is part of the contract.
type health struct {
	Status   string `json:"status"`
	Server   string `json:"server"`
	Database string `json:"database"`
}

// getHealth stays well without a database: else the balancer would take every server out at once.
func (h *handler) getHealth(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, health{Status: "healthy", Server: h.server, Database: upOrDown(h.store)})
}

func (h *handler) getReady(w http.ResponseWriter, r *http.Request) {
	if h.store.Up() {
		writeJSON(w, http.StatusOK, health{Status: "ready", Server: h.server, Database: "up"})
		return
	}
	writeJSON(w, http.StatusServiceUnavailable, health{Status: "not ready", Server: h.server, Database: "down"})
}

func upOrDown(data storage) string {
	if data.Up() {
		return "up"
	}
	return "down"
}

// askHealth asks the server that runs with this configuration, on this machine.
func askHealth(ctx context.Context, cfg config) error {
	if cfg.port == 0 {
		return errors.New("ask health: PORT is 0, say which port the server listens on")
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	url := "http://" + net.JoinHostPort(reachable(cfg.host), strconv.Itoa(cfg.port)) + "/health"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("ask health: %w", err)
	}
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request) // straight, through no proxy
	if err != nil {
		return fmt.Errorf("ask health of %s: %w", url, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("ask health of %s: answer is %s", url, response.Status)
	}
	return nil
}

// reachable turns an address to listen on into one to connect to.
func reachable(host string) string {
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		return "127.0.0.1"
	}
	return host
}
