// Package conformance holds no code, only tests: what Relais does with bytes on the wire, case by
// case, beside what HAProxy 3.0 does with the same bytes (TestConformance, docs/http.md), and
// whether anything that Relais lets through is read in two ways by real servers behind it
// (TestSmuggling).
//
// A case is a line of a table: the script of a client, the script of a server, and what both must
// see. Every case has a frontend, a backend and a server to itself in one running balancer, and in
// one running HAProxy.
package conformance
