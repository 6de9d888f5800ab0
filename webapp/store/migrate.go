package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"
)

var errNewerSchema = errors.New("schema is newer than this program")

// migrate brings the schema to the last of the database's migrations. Several servers may start
// at once: one upgrades, the others find it done.
func migrate(ctx context.Context, pool *sql.DB, database Database) error {
	steps := database.migrations()
	if version, err := schemaVersion(ctx, pool); err == nil && version == len(steps) {
		return nil
	}
	err := retry(ctx, database, func() error { return upgrade(ctx, pool, database, steps) })
	if err != nil {
		return fmt.Errorf("upgrade schema: %w", err)
	}
	return nil
}

func upgrade(ctx context.Context, pool *sql.DB, database Database, steps []string) (err error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil { // a closed connection holds no lock and no open transaction
			conn.Raw(func(any) error { return driver.ErrBadConn })
		}
		conn.Close()
	}()
	if err := database.lock(ctx, conn); err != nil {
		return err
	}
	if err := applySteps(ctx, conn, steps); err != nil {
		return err
	}
	return database.unlock(ctx, conn)
}

// applySteps runs what the schema lacks. MySQL commits each step by itself: a step is one
// statement and does no harm when it runs again after a crash before its version was noted.
func applySteps(ctx context.Context, conn *sql.Conn, steps []string) error {
	_, err := conn.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS schema_version (
		version    INTEGER NOT NULL PRIMARY KEY,
		applied_at DATETIME NOT NULL)`)
	if err != nil {
		return err
	}
	version, err := schemaVersion(ctx, conn)
	if err != nil {
		return err
	}
	if version > len(steps) {
		return fmt.Errorf("%w: version %d, known up to %d", errNewerSchema, version, len(steps))
	}
	for version < len(steps) {
		if _, err := conn.ExecContext(ctx, steps[version]); err != nil {
			return fmt.Errorf("step %d: %w", version+1, err)
		}
		version++
		if _, err := conn.ExecContext(ctx, `INSERT INTO schema_version (version, applied_at) VALUES (?, ?)`,
			version, time.Now().UTC()); err != nil {
			return fmt.Errorf("step %d: note version: %w", version, err)
		}
	}
	return nil
}

func schemaVersion(ctx context.Context, q querier) (version int, err error) {
	err = q.QueryRowContext(ctx, `SELECT COALESCE(MAX(version), 0) FROM schema_version`).Scan(&version)
	return version, err
}
