package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const (
	startTimeout  = 15 * time.Second
	startInterval = 20 * time.Millisecond
)

// errStopped ends a start that a signal has ended.
var errStopped = errors.New("stopped while starting")

// start starts the web servers, and the balancer when they are ready. What dies on the way ends
// the start.
func (s *stack) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for i := range s.sites.web {
		s.web = append(s.web, s.supervise(s.webServer(i)))
	}
	for _, w := range s.sites.web {
		if err := s.await(ctx, w.name, w.probe("/ready")); err != nil {
			return err
		}
	}
	s.balancer = s.supervise(s.program(balancerName, "balancer", "run", "--config", configFile))
	if err := s.await(ctx, balancerName, s.sites.stats.probe("/readyz")); err != nil {
		return err
	}
	return s.finishStart()
}

// finishStart makes every later death one that is repaired.
func (s *stack) finishStart() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case d := <-s.failed:
		return s.startFault(d.Name, d.How)
	default:
		s.started = true
		return nil
	}
}

// await asks a process until it answers well.
func (s *stack) await(ctx context.Context, name, url string) error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Second}
	tick := time.NewTicker(startInterval)
	defer tick.Stop()
	for !answersWell(ctx, client, url) {
		select {
		case <-tick.C:
		case d := <-s.failed:
			return s.startFault(d.Name, d.How)
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return errStopped
			}
			return s.startFault(name, fmt.Sprintf("%s was not well within %s", url, inWords(startTimeout)))
		}
	}
	return nil
}

func answersWell(ctx context.Context, client *http.Client, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	answer, err := client.Do(request)
	if err != nil {
		return false
	}
	_ = answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// startFault tells why a process could not start, in its own last words too.
func (s *stack) startFault(name, how string) error {
	words := s.console.lastWords(name)
	if len(words) == 0 {
		return fmt.Errorf("%s could not start: %s", name, how)
	}
	return fmt.Errorf("%s could not start: %s; its last lines:\n%s", name, how, strings.TrimSuffix(strings.Join(words, ""), "\n"))
}
