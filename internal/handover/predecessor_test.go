package handover

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A variable that a predecessor left for somebody else says nothing, and does not stay.
func TestNoPredecessor(t *testing.T) {
	for name, env := range map[string]map[string]string{
		"none":              {},
		"another's child":   {variable: fmt.Sprint(os.Getpid())},
		"not even a number": {variable: "yes"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := FromEnv(
				func(key string) (string, bool) { value, found := env[key]; return value, found },
				func(key string) error { delete(env, key); return nil },
			)
			if p != nil || err != nil || len(env) > 0 {
				t.Errorf("got %v, %v and left %v", p, err, env)
			}
		})
	}
}

// A predecessor that dies before the turn has not handed over: its successor ends, too.
func TestPredecessorDies(t *testing.T) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	p := &Predecessor{talk: newConversation(os.NewFile(uintptr(pair[0]), "predecessor"), 1000)}
	if err := p.SayPrepared(); err != nil {
		t.Fatal(err)
	}
	if err := unix.Close(pair[1]); err != nil {
		t.Fatal(err)
	}
	_, err = p.AwaitTurn(context.Background())
	if want := "await the turn from the predecessor: it has gone"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := p.Fail("nobody listens"); err == nil || !strings.HasPrefix(err.Error(), `say "fail" to the predecessor: `) {
		t.Errorf("got %v", err)
	}
}
