// Package accesslog writes one line for each exchange that has ended. It is the only part of the
// data path that knows the logging library.
package accesslog

import (
	"net/netip"
	"time"
)

// NotReached is the value of a timer whose step was never reached, as in HAProxy.
const NotReached = -1

// NoTermination is the Termination of an exchange in which nothing went wrong.
const NoTermination = "----"

// Entry is everything that is told of one ended exchange. Texts that are not known are empty.
// There is no room in it for cookies and credentials, which are never logged.
type Entry struct {
	TCP bool // a connection of TCP mode: there is nothing of HTTP in it

	Time   time.Time // when the request was accepted
	Timers Timers
	Conns  Conns
	Queue  int // the place in the backend's queue, from 1 on; 0: it did not wait

	ID       []byte         // the balancer's own
	ClientID []byte         // the request id that the client sent, if any
	Client   netip.AddrPort // peer, or who the PROXY protocol says it is
	TLS      bool           // the client came over TLS to this balancer

	Frontend string
	Backend  string // empty: no backend was chosen
	Server   string // the last one tried; empty: none was chosen

	Method    []byte
	Host      []byte
	Target    []byte // as sent, with the query
	Proto     []byte // such as HTTP/1.1
	UserAgent []byte
	Referer   []byte

	Status   int // as sent to the client, unless an error file says another; 499: the client left before an answer
	BytesIn  uint64
	BytesOut uint64

	Retries      int    // attempts after the first one
	Redispatched bool   // one of them went to another server
	Reused       bool   // the connection to the server had been idle
	Termination  string // HAProxy's four characters: who ended it, when, and the cookie
	Why          string // why the server was this one (docs/logs.md), such as "roundrobin 3/3"
	Reason       string // the cause in words when something went wrong, such as "web2: connection refused; answered by web3"
}

// Conns are HAProxy's counts at the time of the line. The client's connection is still among those
// of process and frontend, the exchange is not any more among those of backend and server.
type Conns struct {
	Process  int64 // connections of all clients
	Frontend int64 // connections of the frontend's clients
	Backend  int64 // requests, or connections of TCP mode
	Server   int64 // the same
}

// Timers say where the time went, in HAProxy's terms: microseconds, or NotReached.
type Timers struct {
	Request  int64 // TR: from the first byte of the request to the end of its head
	Queue    int64 // Tw: waiting for a slot
	Connect  int64 // Tc: opening the connection to the server
	Response int64 // Tr: from the request sent to the end of the answer's head
	Total    int64 // Ta: from the first byte of the request to the last of the answer
}
