package ctl

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const errorsTime = "02/Jan/2006:15:04:05.000"

func (x *call) showErrors() error {
	proxy, direction := x.arg(0), x.arg(1)
	if proxy == "request" || proxy == "response" {
		proxy, direction = "", proxy
	}
	id, err := x.proxyID(proxy)
	if err != nil {
		return err
	}
	refusals := x.balancer().Refusals()
	total := uint64(len(refusals))
	for i := range refusals {
		total = max(total, refusals[i].Number)
	}
	x.printf("Total events captured on [%s] : %d\n", time.Now().Format(errorsTime), total)
	for i := range refusals {
		r := &refusals[i]
		if (id < 0 || id == r.FrontID || id == r.BackID) && (direction == "" || r.Answer == (direction == "response")) {
			x.printRefusal(r)
		}
	}
	return nil
}

// proxyID returns a proxy's number, which is below 0 for all.
func (x *call) proxyID(text string) (int, error) {
	if text == "" {
		return -1, nil
	}
	if id, err := strconv.Atoi(text); err == nil {
		return id, nil
	}
	s := x.snapshot()
	for _, proxy := range s.Proxies {
		if proxy.Name == text && len(proxy.Rows) > 0 {
			return proxy.Rows[0].IID, nil
		}
	}
	return 0, fail("No such proxy.")
}

func (x *call) printRefusal(r *Refusal) {
	frontend := fmt.Sprintf("frontend %s (#%d)", r.Frontend, r.FrontID)
	backend := fmt.Sprintf("backend %s (#%d)", cmp.Or(r.Backend, "<NONE>"), idOrNone(r.Backend, r.BackID))
	server := fmt.Sprintf("server %s (#%d)", cmp.Or(r.Server, "<NONE>"), idOrNone(r.Server, r.ServerID))
	kind, first, second := "request", frontend, backend
	if r.Answer {
		kind, first, second = "response", backend, frontend
	}
	x.printf(" \n[%s] %s: invalid %s\n  %s, %s, event #%d, src %s\n", r.At.Format(errorsTime), first, kind, second, server, r.Number, r.Source)
	x.printf("  len %d, error at position %d\n", len(r.Text), r.Position)
	x.printf("  reason: %s\n  \n", oneCell(r.Reason))
	x.printText(r.Text)
}

func idOrNone(name string, id int) int {
	if name == "" {
		return -1
	}
	return id
}

// printText shows what stood there in lines of at most 79 columns: the position of the first byte,
// a "+" if it is not the first one of its line, and the text with escapes.
func (x *call) printText(text []byte) {
	const width = 70
	for at, begins := 0, true; at < len(text); {
		start, mark := at, " "
		if !begins {
			mark = "+"
		}
		var line strings.Builder
		for begins = false; at < len(text) && !begins; at++ {
			c := escapeByte(text[at])
			if line.Len()+len(c) > width {
				break
			}
			line.WriteString(c)
			begins = text[at] == '\n'
		}
		x.printf("  %05d%s %s\n", start, mark, line.String())
	}
}

func escapeByte(c byte) string {
	switch {
	case c == '\t':
		return `\t`
	case c == '\n':
		return `\n`
	case c == '\r':
		return `\r`
	case c == 0x1b:
		return `\e`
	case c == '\\':
		return `\\`
	case c < ' ' || c > '~':
		return fmt.Sprintf(`\x%02X`, c)
	}
	return string(c)
}
