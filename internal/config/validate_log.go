package config

import (
	"math"
	"strings"
)

func (v *validator) log(l *Log) {
	v.oneOf("log.level", l.Level, []string{"debug", "info", "warn", "error"})
	v.oneOf("log.format", l.Format, []string{"json", "console"})
	if strings.EqualFold(l.Output, "off") {
		v.fault("log.output", "the balancer's own messages are never off; write stderr, and level: error for few of them")
		return
	}
	v.logOutput("log", l.Output, "stderr, stdout")
	v.syslog("log.syslog", &l.Syslog)
	if _, _, ok := SyslogAddress(l.Output); ok && l.Format == "console" {
		v.fault("log.format", "console is for reading at a terminal, not for syslog; write json")
	}
}

func (v *validator) accessLog(a *AccessLog) {
	v.oneOf("access_log.format", a.Format, []string{"json", "httplog"})
	v.logOutput("access_log", a.Output, "off, stdout, stderr")
	v.syslog("access_log.syslog", &a.Syslog)
	if math.IsNaN(a.Sample) || a.Sample < 0 || a.Sample > 1 {
		v.fault("access_log.sample", "%v is out of range; write 0 to 1, such as 0.1 for a line for one request in ten", a.Sample)
	}
	if a.Slow != 0 {
		v.duration("access_log.slow", a.Slow)
	}
}

func (v *validator) explain(e *Explain) {
	v.oneOf("explain.mode", e.Mode, []string{"on", "off"})
	if e.Slow != 0 {
		v.duration("explain.slow", e.Slow)
	}
}

// logOutput looks at where a log goes. words are those that are known beside paths and servers.
func (v *validator) logOutput(section, output, words string) {
	path := section + ".output"
	switch strings.ToLower(output) {
	case "", "false", "no", "none", "true", "yes", "on":
		v.fault(path, "%q is not known; write %s, the path of a file, syslog://HOST:PORT or unix@PATH", output, words)
		return
	}
	network, address, ok := SyslogAddress(output)
	switch scheme, rest, isURL := strings.Cut(output, "://"); {
	case ok && network == "udp":
		v.refuse(path, serverFault(address))
	case ok:
		v.refuse(path, unixFault(address))
	case isURL && (scheme == "udp" || scheme == "unix" || scheme == "unixgram"):
		v.fault(path, "%q is not known; write syslog://HOST:PORT or unix@PATH", scheme+"://"+rest)
	}
}

// The shortest datagrams that syslog daemons must take (RFC 5424, section 6.1), and the longest
// that there are.
const (
	lowestSyslogLen  Bytes = 480
	highestSyslogLen Bytes = 65507
)

func (v *validator) syslog(path string, s *Syslog) {
	v.oneOf(path+".facility", s.Facility, SyslogFacilities())
	v.oneOf(path+".format", s.Format, []string{"rfc3164", "rfc5424"})
	if s.Tag == "" || len(s.Tag) > 48 || !isVisible(s.Tag) || strings.ContainsAny(s.Tag, "[]:") {
		v.fault(path+".tag", "%q is not a tag; write a short name without spaces, colons and brackets, such as relais", s.Tag)
	}
	if s.Hostname != "" && !isHost(s.Hostname) {
		v.fault(path+".hostname", "%q is not a host name; write one such as lb1.example.com", s.Hostname)
	}
	if s.Len < lowestSyslogLen || s.Len > highestSyslogLen {
		v.fault(path+".len", "%s is out of range; write %s to %s", s.Len, lowestSyslogLen, highestSyslogLen)
	}
}
