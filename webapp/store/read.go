package store

import (
	"context"
	"database/sql"
	"fmt"
)

// querier is a connection pool or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// readView adds up one row per server instead of counting the visits: it stays fast with
// millions of them.
func readView(ctx context.Context, q querier) (View, error) {
	var view View
	row := q.QueryRowContext(ctx, `SELECT COALESCE(SUM(visits), 0) FROM visit_counts`)
	if err := row.Scan(&view.Visits); err != nil {
		return View{}, fmt.Errorf("read visit counts: %w", err)
	}
	var err error
	view.Latest, err = readMessages(ctx, q, Latest)
	return view, err
}

func readMessages(ctx context.Context, q querier, limit int) ([]Message, error) {
	rows, err := q.QueryContext(ctx,
		`SELECT id, text, server, created_at FROM messages ORDER BY id DESC LIMIT ?`, limit)
	if err != nil {
		return nil, fmt.Errorf("read messages: %w", err)
	}
	defer rows.Close()
	messages := []Message{} // never nil: JSON says [] and not null
	for rows.Next() {
		var m Message
		if err := rows.Scan(&m.ID, &m.Text, &m.Server, &m.CreatedAt); err != nil {
			return nil, fmt.Errorf("read message: %w", err)
		}
		m.CreatedAt = m.CreatedAt.UTC()
		messages = append(messages, m)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read messages: %w", err)
	}
	return messages, nil
}
