package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// MySQL is a database on a MySQL or MariaDB server. A Host that starts with a slash is the path
// of a unix socket.
type MySQL struct {
	Host     string
	Port     int
	Database string
	User     string
	Password string
}

func (m MySQL) String() string {
	return fmt.Sprintf("mysql %s@%s/%s", m.User, m.address(), m.Database)
}

// open bounds the reading of answers where a hung server must be noticed: the driver watches no
// context while it commits or rolls back. Where it does, the context ends first and says why.
func (m MySQL) open(patience time.Duration) (*pools, error) {
	quick, err := m.connector(patience + 300*time.Millisecond)
	if err != nil {
		return nil, err
	}
	patient, err := m.connector(migrateTimeout)
	if err != nil {
		return nil, err
	}
	return &pools{
		writer:  mysqlPool(quick, 1),
		reader:  mysqlPool(quick, 4),
		schema:  mysqlPool(patient, 1),
		unmoved: func() error { return nil },
	}, nil
}

func (m MySQL) connector(readTimeout time.Duration) (driver.Connector, error) {
	cfg := mysql.NewConfig()
	cfg.Net, cfg.Addr = "tcp", m.address()
	if strings.HasPrefix(m.Host, "/") {
		cfg.Net = "unix"
	}
	cfg.User, cfg.Passwd, cfg.DBName = m.User, m.Password, m.Database
	cfg.Timeout, cfg.ReadTimeout, cfg.WriteTimeout = connectTimeout, readTimeout, readTimeout
	cfg.ParseTime, cfg.Loc = true, time.UTC
	cfg.InterpolateParams = true    // saves a round trip per statement
	cfg.Logger = &mysql.NopLogger{} // its findings come back as errors, too
	if err := cfg.Apply(mysql.Charset("utf8mb4", "")); err != nil {
		return nil, err
	}
	return mysql.NewConnector(cfg)
}

func (m MySQL) address() string {
	if strings.HasPrefix(m.Host, "/") {
		return m.Host
	}
	return net.JoinHostPort(m.Host, strconv.Itoa(m.Port))
}

// lock is per database name: servers of another database on the same MySQL do not wait.
func (m MySQL) lock(ctx context.Context, conn *sql.Conn) error {
	var got sql.NullInt64
	err := conn.QueryRowContext(ctx, `SELECT GET_LOCK(?, 60)`, m.lockName()).Scan(&got)
	if err != nil {
		return fmt.Errorf("lock schema: %w", err)
	}
	if got.Int64 != 1 {
		return errors.New("lock schema: another server holds it for a minute")
	}
	return nil
}

func (m MySQL) unlock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, `DO RELEASE_LOCK(?)`, m.lockName())
	return err
}

func (m MySQL) lockName() string { return "schema of " + m.Database }

func (MySQL) migrations() []string {
	return []string{
		`CREATE TABLE IF NOT EXISTS visits (
			id         BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
			server     VARCHAR(80) NOT NULL,
			visited_at DATETIME(6) NOT NULL
		) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`,
		`CREATE TABLE IF NOT EXISTS visit_counts (
			server VARCHAR(80) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY,
			visits BIGINT NOT NULL
		) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`,
		`CREATE TABLE IF NOT EXISTS messages (
			id         BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
			text       TEXT NOT NULL,
			server     VARCHAR(80) NOT NULL,
			created_at DATETIME(6) NOT NULL
		) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`,
	}
}

func (MySQL) countVisits() string {
	return `INSERT INTO visit_counts (server, visits) VALUES (?, ?) ON DUPLICATE KEY UPDATE visits = visits + ?`
}

// Error numbers of MySQL and MariaDB.
const (
	errDatabaseDenied      = 1044
	errAccessDenied        = 1045
	errUnknownDatabase     = 1049
	errTableDenied         = 1142
	errDeadlock            = 1213
	errOptionPrevents      = 1290 // --read-only and its kin
	errNoPasswordLogin     = 1698 // the account exists and does not log in with a password
	errReadOnlyTransaction = 1792
	errReadOnlyMode        = 1836
)

func (MySQL) retryable(err error) bool { return mysqlNumber(err) == errDeadlock }

func (m MySQL) explain(err error) string {
	switch mysqlNumber(err) {
	case errAccessDenied, errNoPasswordLogin:
		return "wrong user or password: check MYSQL_USER and MYSQL_PASSWORD or MYSQL_PASSWORD_FILE"
	case errDatabaseDenied, errTableDenied:
		return "the user may not use this database: check its grants and MYSQL_DATABASE"
	case errUnknownDatabase:
		return "no such database: check MYSQL_DATABASE"
	case errOptionPrevents, errReadOnlyTransaction, errReadOnlyMode:
		return "the database is read-only: make it writable or point MYSQL_HOST to the primary"
	}
	if errors.Is(err, mysql.ErrInvalidConn) || errors.Is(err, driver.ErrBadConn) {
		return "the connection broke: was the database stopped, or does it hang?"
	}
	return explainCommon(err)
}

func mysqlNumber(err error) uint16 {
	var e *mysql.MySQLError
	if errors.As(err, &e) {
		return e.Number
	}
	return 0
}

// mysqlPool gives connections a limited life, so that a moved database is followed and no
// firewall or wait_timeout cuts one behind our back.
func mysqlPool(connector driver.Connector, size int) *sql.DB {
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	pool.SetConnMaxLifetime(3 * time.Minute)
	pool.SetConnMaxIdleTime(time.Minute)
	return pool
}
