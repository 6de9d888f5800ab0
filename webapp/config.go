package webapp

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"

	"relais/webapp/store"
)

// config is what the environment says.
type config struct {
	serverID string
	host     string // empty: all interfaces
	port     int    // 0: any free one
	database store.Database
}

// configFromEnv reads the environment; an empty variable is an absent one. Errors name the
// variable, and no error holds a password.
func configFromEnv(getenv func(string) string) (config, error) {
	cfg := config{host: getenv("LISTEN_HOST")}
	var errs [3]error
	cfg.serverID, errs[0] = serverID(getenv)
	cfg.port, errs[1] = number(getenv, "PORT", 5000, 0)
	cfg.database, errs[2] = database(getenv)
	return cfg, errors.Join(errs[:]...)
}

// serverID goes into a header, a metric's value and a column of 80 characters.
func serverID(getenv func(string) string) (string, error) {
	id := getenv("SERVER_ID")
	host, err := os.Hostname()
	if id == "" {
		id = host
	}
	if id == "" {
		return "", fmt.Errorf("SERVER_ID is not set and the host has no name: %w", err)
	}
	if !regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`).MatchString(id) {
		return "", fmt.Errorf("SERVER_ID %q: want 1 to 64 letters, digits, dots, underscores or dashes", id)
	}
	switch suffix := getenv("SERVER_ID_SUFFIX"); {
	case suffix == "":
		return id, nil
	case suffix != "hostname":
		return "", fmt.Errorf("SERVER_ID_SUFFIX %q: want hostname or nothing", suffix)
	case host == "":
		return "", fmt.Errorf("SERVER_ID_SUFFIX is hostname and the host has no name: %w", err)
	}
	return id + "-" + host[:min(4, len(host))], nil
}

func database(getenv func(string) string) (store.Database, error) {
	host := getenv("MYSQL_HOST")
	if host == "" {
		return store.SQLite{Path: orElse(getenv("SQLITE_PATH"), "webapp.db")}, nil
	}
	port, portErr := number(getenv, "MYSQL_PORT", 3306, 1)
	password, passwordErr := mysqlPassword(getenv)
	return store.MySQL{
		Host:     host,
		Port:     port,
		Database: orElse(getenv("MYSQL_DATABASE"), "cloudapp"),
		User:     orElse(getenv("MYSQL_USER"), "clouduser"),
		Password: password,
	}, errors.Join(portErr, passwordErr)
}

func mysqlPassword(getenv func(string) string) (string, error) {
	file := getenv("MYSQL_PASSWORD_FILE")
	if file == "" {
		return orElse(getenv("MYSQL_PASSWORD"), "cloudpass"), nil
	}
	if getenv("MYSQL_PASSWORD") != "" {
		return "", errors.New("MYSQL_PASSWORD and MYSQL_PASSWORD_FILE are both set: unset one")
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("MYSQL_PASSWORD_FILE: %w", err)
	}
	password := strings.TrimRight(string(content), "\r\n")
	if password == "" {
		return "", fmt.Errorf("MYSQL_PASSWORD_FILE: %s is empty", file)
	}
	return password, nil
}

func number(getenv func(string) string, name string, absent, least int) (int, error) {
	value := getenv(name)
	if value == "" {
		return absent, nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < least || n > 65535 {
		return 0, fmt.Errorf("%s %q: want a number from %d to 65535", name, value, least)
	}
	return n, nil
}

func orElse(value, absent string) string {
	if value == "" {
		return absent
	}
	return value
}
