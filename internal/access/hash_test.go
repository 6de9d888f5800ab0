package access

import (
	"errors"
	"strings"
	"testing"
)

func TestLoadHash(t *testing.T) {
	const rest = "abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234"
	for _, test := range []struct {
		content, hash string
		message       string // a part of the error
	}{
		{"$2a$10$" + rest, "$2a$10$" + rest, ""},
		{"\n $2b$04$" + rest + "\r\n", "$2b$04$" + rest, ""},
		{"ops:$2y$14$" + rest + "\n\n", "$2y$14$" + rest, ""}, // as htpasswd -n writes it
		{"", "", "the file is empty"},
		{"\n\n", "", "the file is empty"},
		{"hunter2", "", "htpasswd -nB"},
		{"ops:hunter2", "", "neither $2a$, $2b$ nor $2y$"},
		{"$2x$10$" + rest, "", "neither"},
		{"$2$10$" + rest, "", "neither"},
		{"$apr1$10$" + rest, "", "neither"},
		{"$2y$10$" + rest + "x", "", "neither"},
		{"$2y$10$" + rest[1:], "", "neither"},
		{"$2y$10$" + rest[1:] + "!", "", "neither"},
		{"$2y$03$" + rest, "", "cost 3 is not between 4 and 14"},
		{"$2y$15$" + rest, "", "cost 15 is not"},
		{"$2y$99$" + rest, "", "cost 99 is not"},
		{"ops:$2y$10$" + rest + "\neye:$2y$10$" + rest, "", "each user one of his own"},
	} {
		hash, err := LoadHash([]byte(test.content))
		switch {
		case test.message == "" && (err != nil || string(hash) != test.hash):
			t.Errorf("%q: %q, %v; want %q", test.content, hash, err, test.hash)
		case test.message != "" && (!errors.Is(err, ErrHash) || !strings.Contains(err.Error(), test.message)):
			t.Errorf("%q: error %v, want %q in it", test.content, err, test.message)
		case err != nil && strings.Contains(err.Error(), "hunter2"):
			t.Errorf("the error says what may be a password: %v", err)
		}
	}
}

// Hashes that other programs have published, and one under each of its names.
func TestHashesOfOthers(t *testing.T) {
	made := string(hashOf(t, "ops-secret")[4:])
	for _, test := range []struct{ content, password string }{
		{"ops:$2y$07$BCryptRequires22Chrcte/VlQH0piJtjXl.0t1XkA8pw9dMXTpOq\n\n", "rasmuslerdorf"}, // PHP's crypt
		{"$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"},                   // Openwall's crypt_blowfish
		{"$2a$" + made, "ops-secret"},
		{"$2b$" + made, "ops-secret"},
		{"$2y$" + made, "ops-secret"},
	} {
		hash, err := LoadHash([]byte(test.content))
		if err != nil {
			t.Fatal(err)
		}
		g := New(withUsers(house(t), User{Name: "ops", Hash: hash, Role: RoleRead}))
		wantStatus(t, g.Decide(get(here, "ops", test.password)), 200)
		wantStatus(t, g.Decide(get(here, "ops", test.password+"x")), 401)
	}
}

func TestLoadToken(t *testing.T) {
	for content, message := range map[string]string{
		"0123456789abcdef\n": "", "aA0-._~+/bbbbbbbbbbb==": "",
		"": "one line", "a b 0123456789abcdef": "one line", "0123456789\n0123456789": "one line", "0123456789abcde": "16 characters",
	} {
		token, err := LoadToken([]byte(content))
		switch {
		case message == "" && (err != nil || string(token) != strings.TrimSpace(content)):
			t.Errorf("%q: %q, %v", content, token, err)
		case message != "" && (!errors.Is(err, ErrToken) || !strings.Contains(err.Error(), message)):
			t.Errorf("%q: error %v, want %q in it", content, err, message)
		}
	}
}
