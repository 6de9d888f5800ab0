package healthcheck

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
)

// Redis returns a probe that logs in, if there is a password, and passes when a PING is answered
// with PONG. user may be empty: the password alone was enough before Redis 6. An error that the
// server answers, such as -LOADING or -NOAUTH, is the Detail of a failure.
func Redis(dial Dial, user, password string) Probe {
	request := appendLogin(nil, user, password)
	logsIn := len(request) > 0
	request = appendCommand(request, "PING")
	return Talk(dial, func(_ context.Context, conn net.Conn) (Result, error) {
		if _, err := conn.Write(request); err != nil {
			return Result{}, err
		}
		replies := bufio.NewReader(io.LimitReader(conn, maxSaid))
		if logsIn {
			if r, err := expectReply(replies, "+OK"); err != nil || !r.OK {
				return r, err
			}
		}
		return expectReply(replies, "+PONG")
	})
}

func appendLogin(b []byte, user, password string) []byte {
	switch {
	case password == "":
		return b
	case user == "":
		return appendCommand(b, "AUTH", password)
	}
	return appendCommand(b, "AUTH", user, password)
}

// appendCommand appends a command in the form of the Redis serialization protocol, an array of
// bulk strings.
func appendCommand(b []byte, words ...string) []byte {
	b = fmt.Appendf(b, "*%d\r\n", len(words))
	for _, w := range words {
		b = fmt.Appendf(b, "$%d\r\n%s\r\n", len(w), w)
	}
	return b
}

// expectReply reads a line and compares it with the one that means well.
func expectReply(replies *bufio.Reader, want string) (Result, error) {
	line, err := replies.ReadString('\n')
	if err == io.EOF {
		err = errNoAnswer
		if line != "" {
			err = fmt.Errorf("%w: %q", errCutShort, firstLine([]byte(line)))
		}
	}
	if err != nil {
		return Result{}, err
	}
	line = strings.TrimRight(line, "\r\n")
	if line != want {
		return Result{Status: L7Status, Detail: printable(line)}, nil
	}
	return Result{OK: true, Status: L7OK, Detail: "Redis server is ok"}, nil
}
