package balancer

// observe tells whoever wants to know how an attempt on the server has ended, if that says
// anything about the server. status is that of its answer, 0 if there was none or it is not known
// yet.
func (x *stream) observe(f failure, status int) {
	tell := x.proxy.onResult
	if tell == nil {
		return
	}
	switch f {
	case failConnect, failConnectTimeout:
		tell(x.server, false, 0)
	case failEmpty, failJunk, failTimeout, failCut, failStall:
		tell(x.server, true, status)
	case failNone:
		tell(x.server, true, status)
	}
}
