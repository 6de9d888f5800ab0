package page

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"relais/stats"
)

func rateTip(r *stats.Row) []line {
	if r.Scope != stats.Frontend {
		return nil
	}
	return []line{
		{"Current connection rate", perSecond(r.Rate)},
		{"Current session rate", perSecond(r.Rate)},
		{"Current request rate", perSecond(r.ReqRate)},
	}
}

func rateMaxTip(r *stats.Row) []line {
	if r.Scope != stats.Frontend {
		return nil
	}
	return []line{
		{"Max connection rate", perSecond(r.RateMax)},
		{"Max session rate", perSecond(r.RateMax)},
		{"Max request rate", perSecond(r.ReqRateMax)},
	}
}

func sessionsTip(r *stats.Row) []line {
	if r.Scope != stats.Server {
		return nil
	}
	limit := "-"
	if r.SessionsLimit > 0 {
		limit = grouped(r.SessionsLimit)
	}
	return []line{
		{"Current active requests", grouped(r.Sessions)},
		{"Current used connections", grouped(r.UsedConns)},
		{"Current idle connections", grouped(r.IdleConns)},
		{"Active requests limit", limit},
	}
}

// totalTip is everything that HAProxy tells about the past of a row.
func totalTip(r *stats.Row) []line {
	if r.Scope == stats.Frontend {
		return slices.Concat([]line{
			{"Cum. connections", grouped(r.ConnsTotal)},
			{"Cum. sessions", grouped(r.SessionsTotal)},
		}, responseLines(r, r.Requests), []line{
			{"Intercepted requests", grouped(r.Intercepted)},
			{"Internal errors", grouped(r.Internal)},
		})
	}
	lines := slices.Concat([]line{
		{"Cum. sessions", grouped(r.SessionsTotal)},
		{"New connections", grouped(r.Connects)},
		{"Reused connections", grouped(r.Reuses) + percent(r.Reuses, r.Connects+r.Reuses)},
	}, responseLines(r, r.SessionsTotal), []line{{"Internal errors", grouped(r.Internal)}})
	if r.Scope == stats.Server {
		lines = append(lines, line{"Idle-close races avoided", grouped(r.RacesAvoided)})
	}
	return append(lines,
		line{Name: "Max / average over the last 1024 requests"},
		line{"– queue time", times(r.QueueTimeMax, r.QueueTime)},
		line{"– connect time", times(r.ConnectTimeMax, r.ConnectTime)},
		line{"– response time", times(r.ResponseTimeMax, r.ResponseTime)},
		line{"– total time", times(r.TotalTimeMax, r.TotalTime)},
	)
}

func responseLines(r *stats.Row, requests uint64) []line {
	if r.Mode != "http" {
		return nil
	}
	lines := []line{{"Cum. HTTP requests", grouped(requests)}}
	var all uint64
	for _, n := range r.Responses {
		all += n
	}
	for _, class := range []int{1, 2, 3, 4, 5, 0} {
		name := fmt.Sprintf("– HTTP %dxx responses", class)
		if class == 0 {
			name = "– other responses"
		}
		lines = append(lines, line{name, grouped(r.Responses[class]) + percent(r.Responses[class], all)})
	}
	return lines
}

func bytesTip(n func(*stats.Row) uint64) func(*stats.Row) []line {
	return func(r *stats.Row) []line {
		if n(r) < 1024 {
			return nil
		}
		return []line{{"Bytes", grouped(n(r))}}
	}
}

func abortsTip(r *stats.Row) []line {
	if r.Scope == stats.Frontend {
		return nil
	}
	return append([]line{
		{"Aborted by the client", grouped(r.ClientAborts)},
		{"Aborted by the server", grouped(r.ServerAborts)},
	}, failuresTip(r)...)
}

func failuresTip(r *stats.Row) []line { return causeLines("Failed requests by cause", r.Failures) }

func retriesTip(r *stats.Row) []line { return causeLines("Retries by cause", r.RetryCauses) }

func checkTip(r *stats.Row) []line {
	return append(ownCheckTip(r), agentTip(r)...)
}

func agentTip(r *stats.Row) []line {
	if r.Agent == nil {
		return nil
	}
	lines := []line{{"Agent", r.Agent.Status + ", " + r.Agent.Description}}
	if r.Agent.Detail != "" {
		lines = append(lines, line{"Agent's words", r.Agent.Detail})
	}
	return lines
}

func ownCheckTip(r *stats.Row) []line {
	if r.Tracked != "" {
		return []line{{"Follows", r.Tracked}}
	}
	if r.Scope != stats.Server || r.Check == nil || r.State() == stats.StateMaint {
		return nil
	}
	lines := []line{{"Last check", r.Check.Description}}
	if r.Check.Detail != "" {
		lines = append(lines, line{"Detail", r.Check.Detail})
	}
	if r.ChecksPaused {
		lines = append(lines, line{"Paused", "by an operator; this was the last one"})
	}
	return append(lines, line{"Rise / fall", fmt.Sprintf("%d / %d", r.Check.Rise, r.Check.Fall)})
}

func nameTip(r *stats.Row, now time.Time) []line {
	switch r.Scope {
	case stats.Server:
		return serverTip(r, now)
	case stats.Backend:
		return []line{{"Balancing", r.Algo}, {"Mode", r.Mode}, {"Id", strconv.Itoa(r.IID)}}
	}
	return []line{{"Mode", r.Mode}, {"Id", strconv.Itoa(r.IID)}}
}

// serverTip is where a server is, and what operators have changed about it.
func serverTip(r *stats.Row, now time.Time) []line {
	var lines []line
	if r.Address != "" {
		lines = append(lines, line{"Address", r.Address})
	}
	if r.Resolved != "" {
		lines = append(lines, line{"Resolved", r.Resolved})
	}
	lines = append(lines, line{"Id", strconv.Itoa(r.SID)})
	if r.Dynamic {
		lines = append(lines, line{"Dynamic", "added at run time"})
	}
	for i := range r.Orders {
		lines = append(lines, orderLines(&r.Orders[i], now)...)
	}
	return lines
}

func perSecond(n uint64) string { return grouped(n) + "/s" }

func times(longest, average time.Duration) string {
	return fmt.Sprintf("%s / %s\u00a0ms", grouped(longest.Milliseconds()), grouped(average.Milliseconds()))
}
