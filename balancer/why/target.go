package why

import (
	"bytes"
	"slices"
)

// kept is what is remembered of a target: its beginning, without the name and the password that may
// be in one that is not a path (RFC 3986, section 3.2.1).
func kept(target []byte) []byte {
	if len(target) > 0 && target[0] != '/' {
		target = blanked(target)
	}
	return target[:min(len(target), maxTarget)]
}

func blanked(target []byte) []byte {
	from, end := 0, len(target)
	if i := bytes.Index(target, []byte("://")); i >= 0 {
		from = i + len("://")
	}
	if i := bytes.IndexAny(target[from:], "/?#"); i >= 0 {
		end = from + i
	}
	at := bytes.LastIndexByte(target[from:end], '@')
	if at <= 0 {
		return target
	}
	return slices.Concat(target[:from], []byte("***"), target[from+at:])
}
