// Package h1 is HTTP/1.1 on the wire: the gate that reads requests strictly, as a net.Conn in
// front of fasthttp's server; message framing; the rules for hop-by-hop fields; connections to
// servers and the pool of the idle ones.
//
// Nothing here decides anything: which server, whether to try again and what to count is the
// business of package balancer.
package h1
