package page

import (
	"fmt"
	"strconv"
	"time"

	"relais/stats/latency"
)

// trend is what a server did in the last five minutes: a drawing, one unit wide for each point,
// and the same in words.
type trend struct {
	Rate  string // outline of an area, a path of SVG
	P99   string // a line, a path of SVG, interrupted where there were too few answers
	Words string
}

// The heights of the drawing: below the line the area, which keeps to the lower half.
const (
	trendFoot = 20
	trendLine = 18
	trendArea = 10
)

// newTrend returns nil for a server that has done nothing.
func newTrend(t *latency.Times) *trend {
	if t == nil {
		return nil
	}
	points := t.Trend.Points()
	if len(points) == 0 {
		return nil
	}
	var busiest float64
	slowest := time.Duration(-1)
	for _, p := range points {
		busiest, slowest = max(busiest, p.Rate), max(slowest, p.P99)
	}
	return &trend{Rate: areaOf(points, busiest), P99: lineOf(points, slowest), Words: trendWords(points, busiest, slowest)}
}

func areaOf(points []latency.Point, busiest float64) string {
	path := move(nil, 'M', latency.TrendPoints-len(points), trendFoot)
	for i, p := range points {
		path = move(path, 'L', latency.TrendPoints-len(points)+i, trendFoot-int(trendArea*p.Rate/max(busiest, 1)))
	}
	return string(append(path, "V20Z"...))
}

func lineOf(points []latency.Point, slowest time.Duration) string {
	var path []byte
	drawing := false
	for i, p := range points {
		x, y := latency.TrendPoints-len(points)+i, trendFoot-1-int(trendLine*p.P99/max(slowest, 1))
		switch {
		case p.P99 < 0:
		case drawing:
			path = move(path, 'L', x, y)
		default:
			path = append(move(path, 'M', x, y), "h0"...) // which shows even alone
		}
		drawing = p.P99 >= 0
	}
	return string(path)
}

// move appends a command of a path.
func move(path []byte, command byte, x, y int) []byte {
	path = strconv.AppendInt(append(path, command), int64(x), 10)
	return strconv.AppendInt(append(path, ' '), int64(y), 10)
}

func trendWords(points []latency.Point, busiest float64, slowest time.Duration) string {
	last := points[len(points)-1]
	words := fmt.Sprintf("last 5 minutes: %s requests/s now, %s at most; ", grouped(int64(last.Rate+0.5)), grouped(int64(busiest+0.5)))
	switch {
	case slowest < 0:
		return words + "too few for p99"
	case last.P99 < 0:
		return words + "p99 " + millis(slowest) + " ms at most"
	}
	return words + "p99 " + millis(last.P99) + " ms now, " + millis(slowest) + " ms at most"
}
