package mysqlcheck_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"relais/healthcheck"
	"relais/healthcheck/mysqlcheck"
	"relais/internal/testkit"
	"relais/internal/testkit/mariadb"
)

func check(t *testing.T, address, user, password string, timeout time.Duration) healthcheck.Result {
	t.Helper()
	probe, err := mysqlcheck.New(healthcheck.DialTCP(address), user, password)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	begin := time.Now()
	r := probe(ctx)
	if took := time.Since(begin); took > timeout+2*time.Second || r.Duration <= 0 || r.Duration > took {
		t.Errorf("the check took %v with a timeout of %v, and says %v", took, timeout, r.Duration)
	}
	return r
}

func expect(t *testing.T, got healthcheck.Result, status healthcheck.CheckStatus, code int, detail string) {
	t.Helper()
	if got.OK != (status == healthcheck.L7OK) || got.Status != status || got.Code != code || !strings.HasPrefix(got.Detail, detail) {
		t.Errorf("got %+v, want %s %d %q", got, status, code, detail)
	}
}

func TestMariaDB(t *testing.T) {
	const patient = 10 * time.Second
	server := mariadb.New(t)
	server.Start("--max-connect-errors=3", "--skip-name-resolve")
	address := fmt.Sprint("127.0.0.1:", server.Port)
	server.Exec("CREATE USER 'open'@'%'")
	server.Exec("CREATE USER 'check'@'%' IDENTIFIED BY 'pass word'")

	aborted := counter(t, server, "Aborted_connects")
	for range 10 {
		expect(t, check(t, address, "check", "pass word", patient), healthcheck.L7OK, 0, "MySQL server is ok")
		expect(t, check(t, address, "open", "", patient), healthcheck.L7OK, 0, "MySQL server is ok")
	}
	for _, name := range []string{"Aborted_connects", "Aborted_clients"} {
		if n := counter(t, server, name); n != aborted {
			t.Errorf("%s went from %s to %s with checks that pass", name, aborted, n)
		}
	}
	expect(t, check(t, address, "check", "guess", patient), healthcheck.L7Status, 1045, "Access denied for user 'check'@")
	expect(t, check(t, address, "nobody", "", patient), healthcheck.L7Status, 1045, "Access denied for user 'nobody'@")

	server.Pause()
	expect(t, check(t, address, "check", "pass word", time.Second), healthcheck.L7Timeout, 0, "no answer within 1s")
	server.Resume()
	testkit.Eventually(t, "the server is well again", func() bool { return check(t, address, "check", "pass word", patient).OK })
	server.Stop()
	expect(t, check(t, address, "check", "pass word", patient), healthcheck.L4Connect, 0, "connection refused")
}

// counter reads a figure of the server.
func counter(t *testing.T, server *mariadb.Server, name string) (value string) {
	t.Helper()
	db := server.Root("")
	defer db.Close()
	if err := db.QueryRow("SHOW GLOBAL STATUS LIKE '"+name+"'").Scan(&name, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestServersOfOtherKinds(t *testing.T) {
	for said, want := range map[string]string{
		"":                          "closed without a greeting",
		"SSH-2.0-OpenSSH_9.2p1\r\n": `not the words of a MySQL server: "SSH-2.0-OpenSSH_9.2p1\r\n"`,
	} {
		server := testkit.RawServer(t, func(c *testkit.Conn) { c.Send(said) })
		expect(t, check(t, server.Addr, "check", "", 10*time.Second), healthcheck.L7Response, 0, want)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	expect(t, check(t, l.Addr().String(), "check", "", time.Second), healthcheck.L7Timeout, 0, "no answer within 1s")
}
