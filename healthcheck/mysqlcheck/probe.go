// Package mysqlcheck asks MySQL and MariaDB servers whether they are well. It logs in, since a
// server blocks hosts whose connections end before that (max_connect_errors).
package mysqlcheck

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"

	"github.com/go-sql-driver/mysql"

	"relais/healthcheck"
)

// New returns a probe that logs in, pings and says goodbye, over one connection. It fails if user
// and password are not fit for a login.
func New(dial healthcheck.Dial, user, password string) (healthcheck.Probe, error) {
	cfg := mysql.NewConfig()
	cfg.User, cfg.Passwd, cfg.Logger = user, password, &mysql.NopLogger{}
	if _, err := mysql.NewConnector(cfg); err != nil {
		return nil, fmt.Errorf("prepare mysql check: %w", err)
	}
	return healthcheck.Talk(dial, func(ctx context.Context, conn net.Conn) (healthcheck.Result, error) {
		seen := &witness{Conn: conn}
		err := visit(ctx, cfg, seen)
		refusal, refused := errors.AsType[*mysql.MySQLError](err)
		switch {
		case refused:
			return healthcheck.Result{Status: healthcheck.L7Status, Code: int(refusal.Number), Detail: refusal.Message}, nil
		case err != nil && ctx.Err() != nil:
			return healthcheck.Result{}, ctx.Err() // what the driver makes of it says less
		case errors.Is(err, mysql.ErrInvalidConn) || errors.Is(err, mysql.ErrMalformPkt):
			return healthcheck.Result{}, seen.fault()
		case err != nil:
			return healthcheck.Result{}, err
		}
		return healthcheck.Result{OK: true, Status: healthcheck.L7OK, Detail: "MySQL server is ok"}, nil
	}), nil
}

// visit has a whole session over conn, and closes it.
func visit(ctx context.Context, cfg *mysql.Config, conn net.Conn) error {
	cfg = cfg.Clone()
	cfg.DialFunc = func(context.Context, string, string) (net.Conn, error) { return conn, nil }
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return err
	}
	session, err := connector.Connect(ctx)
	if err != nil {
		return err
	}
	defer session.Close()
	return session.(driver.Pinger).Ping(ctx)
}
