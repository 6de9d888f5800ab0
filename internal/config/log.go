package config

import (
	"net"
	"strings"
	"time"
)

// Log says where the balancer's own messages go.
type Log struct {
	Level  string `yaml:"level"`  // debug, info, warn or error
	Format string `yaml:"format"` // json or console
	Output string `yaml:"output"` // stderr, stdout, or as of AccessLog
	Syslog Syslog `yaml:"syslog"`
}

// AccessLog says where the line of each request goes, and which requests get one.
type AccessLog struct {
	Output string        `yaml:"output"` // stdout, stderr, off, the path of a file, syslog://HOST:PORT, or unix@PATH of a syslog socket
	Format string        `yaml:"format"` // json or httplog
	Sample float64       `yaml:"sample"` // share of the requests that get a line, from 0 to 1
	Slow   time.Duration `yaml:"slow"`   // requests that took so long always do; 0: no such rule
	Errors bool          `yaml:"errors"` // requests with a trouble always do
	Syslog Syslog        `yaml:"syslog"`
}

// Explain says whether requests are remembered, so that an admin can ask why they went where they
// went.
type Explain struct {
	Mode string        `yaml:"mode"` // on or off
	Slow time.Duration `yaml:"slow"` // requests that took so long are kept as long as those that failed; 0: none is for that
}

// Syslog says how messages to a syslog daemon are written.
type Syslog struct {
	Facility string `yaml:"facility"` // HAProxy's name of it, such as local0
	Format   string `yaml:"format"`   // rfc3164 or rfc5424
	Tag      string `yaml:"tag"`      // the program's name
	Hostname string `yaml:"hostname"` // empty: none in rfc3164, the machine's in rfc5424
	Len      Bytes  `yaml:"len"`      // of a message with its header; longer ones are cut
}

// SyslogAddress returns where the syslog daemon is that is the output of a log: network is udp or
// unixgram. ok tells whether it is one.
func SyslogAddress(output string) (network, address string, ok bool) {
	if path, isUnix := strings.CutPrefix(output, "unix@"); isUnix {
		return "unixgram", path, true
	}
	host, isUDP := strings.CutPrefix(output, "syslog://")
	if !isUDP {
		return "", "", false
	}
	if _, _, err := net.SplitHostPort(host); err != nil {
		host = net.JoinHostPort(strings.Trim(host, "[]"), "514")
	}
	return "udp", host, true
}

// SyslogFacilities are HAProxy's names of the facilities, each at its number (RFC 5424, section
// 6.2.1).
func SyslogFacilities() []string {
	return []string{
		"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "auth2", "ftp",
		"ntp", "audit", "alert", "cron2", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
	}
}
