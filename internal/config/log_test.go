package config

import (
	"math"
	"testing"
	"time"
)

func TestSyslogAddress(t *testing.T) {
	for output, want := range map[string][2]string{
		"stdout":                   {},
		"/dev/log":                 {},
		"syslog://logs:1514":       {"udp", "logs:1514"},
		"syslog://logs":            {"udp", "logs:514"},
		"syslog://[::1]":           {"udp", "[::1]:514"},
		"syslog://[::1]:1514":      {"udp", "[::1]:1514"},
		"unix@/dev/log":            {"unixgram", "/dev/log"},
		"unix@/run/journal/syslog": {"unixgram", "/run/journal/syslog"},
	} {
		network, address, ok := SyslogAddress(output)
		if network != want[0] || address != want[1] || ok != (want[0] != "") {
			t.Errorf("SyslogAddress(%q) = %q, %q, %v", output, network, address, ok)
		}
	}
}

func TestValidateLogs(t *testing.T) {
	for want, change := range map[string]func(*Config){
		`access_log.output: "" is not known; write off, stdout, stderr, the path of a file, syslog://HOST:PORT or unix@PATH`:    func(c *Config) { c.AccessLog.Output = "" },
		`access_log.output: "yes" is not known; write off, stdout, stderr, the path of a file, syslog://HOST:PORT or unix@PATH`: func(c *Config) { c.AccessLog.Output = "yes" },
		`access_log.output: "udp://a:1" is not known; write syslog://HOST:PORT or unix@PATH`:                                    func(c *Config) { c.AccessLog.Output = "udp://a:1" },
		`access_log.output: port "x" of "a:x" is not a port; write a number from 1 to 65535`:                                    func(c *Config) { c.AccessLog.Output = "syslog://a:x" },
		`access_log.output: ":514" has no host; write one, such as "127.0.0.1:514"`:                                             func(c *Config) { c.AccessLog.Output = "syslog://" },
		`access_log.format: "clf" is not known; write json or httplog`:                                                          func(c *Config) { c.AccessLog.Format = "clf" },
		`access_log.sample: 2 is out of range; write 0 to 1, such as 0.1 for a line for one request in ten`:                     func(c *Config) { c.AccessLog.Sample = 2 },
		`access_log.sample: NaN is out of range; write 0 to 1, such as 0.1 for a line for one request in ten`:                   func(c *Config) { c.AccessLog.Sample = math.NaN() },
		`access_log.slow: -1s is out of range; write a time such as 5s`:                                                         func(c *Config) { c.AccessLog.Slow = -time.Second },
		`access_log.syslog.format: "rfc1" is not known; write rfc3164 or rfc5424`:                                               func(c *Config) { c.AccessLog.Syslog.Format = "rfc1" },
		`access_log.syslog.tag: "a b" is not a tag; write a short name without spaces, colons and brackets, such as relais`:     func(c *Config) { c.AccessLog.Syslog.Tag = "a b" },
		`access_log.syslog.hostname: "a b" is not a host name; write one such as lb1.example.com`:                               func(c *Config) { c.AccessLog.Syslog.Hostname = "a b" },
		`access_log.syslog.len: 100B is out of range; write 480B to 65507B`:                                                     func(c *Config) { c.AccessLog.Syslog.Len = 100 },
		`log.output: the balancer's own messages are never off; write stderr, and level: error for few of them`:                 func(c *Config) { c.Log.Output = "off" },
		`log.output: "no" is not known; write stderr, stdout, the path of a file, syslog://HOST:PORT or unix@PATH`:              func(c *Config) { c.Log.Output = "no" },
		`log.format: console is for reading at a terminal, not for syslog; write json`: func(c *Config) {
			c.Log.Format, c.Log.Output = "console", "unix@/dev/log"
		},
	} {
		cfg := valid()
		change(cfg)
		if faults := Validate(cfg); len(faults) != 1 || faults[0].Error() != want {
			t.Errorf("Validate = %v\nwant %s", faults, want)
		}
	}
}
