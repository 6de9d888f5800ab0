package webapp

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"relais/webapp/store"
)

func TestConfig(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("from file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	sqlite := store.SQLite{Path: "webapp.db"}
	mysql := store.MySQL{Host: "db", Port: 3306, Database: "cloudapp", User: "clouduser", Password: "cloudpass"}
	custom := store.MySQL{Host: "db", Port: 3307, Database: "d", User: "u", Password: "from file"}
	tests := []struct {
		name string
		env  map[string]string
		want config
	}{
		{"nothing set", nil, config{serverID: host, port: 5000, database: sqlite}},
		{"embedded", map[string]string{"SERVER_ID": "1", "PORT": "0", "LISTEN_HOST": "127.0.0.1", "SQLITE_PATH": "/data/x.db"},
			config{serverID: "1", host: "127.0.0.1", database: store.SQLite{Path: "/data/x.db"}}},
		{"mysql defaults", map[string]string{"SERVER_ID": "2", "MYSQL_HOST": "db", "SQLITE_PATH": "ignored"},
			config{serverID: "2", port: 5000, database: mysql}},
		{"mysql", map[string]string{"SERVER_ID": "2", "MYSQL_HOST": "db", "MYSQL_PORT": "3307", "MYSQL_DATABASE": "d",
			"MYSQL_USER": "u", "MYSQL_PASSWORD_FILE": file}, config{serverID: "2", port: 5000, database: custom}},
		{"replica", map[string]string{"SERVER_ID": "1", "SERVER_ID_SUFFIX": "hostname"},
			config{serverID: "1-" + host[:min(4, len(host))], port: 5000, database: sqlite}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := configFromEnv(func(name string) string { return tt.env[name] })
			if err != nil || got != tt.want {
				t.Errorf("got  %+v, %v\nwant %+v", got, err, tt.want)
			}
		})
	}
}

func TestConfigNamesWhatIsBad(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []map[string]string{
		{"SERVER_ID": "one\r\nSet-Cookie: x"},
		{"SERVER_ID": strings.Repeat("x", 65)},
		{"SERVER_ID_SUFFIX": "yes"},
		{"PORT": "http"},
		{"PORT": "65536"},
		{"PORT": "-1"},
		{"MYSQL_PORT": "0", "MYSQL_HOST": "db"},
		{"MYSQL_PASSWORD_FILE": "/nowhere/at/all", "MYSQL_HOST": "db"},
		{"MYSQL_PASSWORD_FILE": empty, "MYSQL_HOST": "db"},
		{"MYSQL_PASSWORD_FILE": empty, "MYSQL_PASSWORD": "s3cret", "MYSQL_HOST": "db"},
	}
	for _, env := range tests {
		_, err := configFromEnv(func(name string) string {
			if value, set := env[name]; set || name != "SERVER_ID" {
				return value
			}
			return "1"
		})
		if err == nil {
			t.Errorf("%v is accepted", env)
			continue
		}
		for name := range env {
			if name != "MYSQL_HOST" && !strings.Contains(err.Error(), name) {
				t.Errorf("%v: error does not name %s: %v", env, name, err)
			}
		}
		if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("error holds the password: %v", err)
		}
	}
}
