package file

import "testing"

func TestExpand(t *testing.T) {
	for _, test := range []struct{ text, want, problem string }{
		{text: "plain", want: "plain"},
		{text: "${WORD}", want: "word"},
		{text: "a${WORD}b${PORT}c", want: "awordb5001c"},
		{text: "${EMPTY}", want: ""},
		{text: "${UNSET:-default}", want: "default"},
		{text: "${UNSET:-}", want: ""},
		{text: "${EMPTY:-default}", want: "default"},
		{text: "${WORD:-default}", want: "word"},
		{text: "${UNSET:-a:-b ?}", want: "a:-b ?"},
		{text: "${WORD:?message}", want: "word"},
		{text: "${DOLLAR}", want: "${WORD}"}, // replaced once
		{text: "$2a$10$N9qo8uLOickgx2ZMRZoMye", want: "$2a$10$N9qo8uLOickgx2ZMRZoMye"},
		{text: "$WORD $ $$ ${} ${1} ${WORD ${A-b} $(WORD) %{WORD}", want: "$WORD $ $$ ${} ${1} ${WORD ${A-b} $(WORD) %{WORD}"},
		{text: "$${WORD}", want: "$word"},
		{text: "${UNSET}", problem: "variable UNSET is not set; set it before the start, or write ${UNSET:-default}"},
		{text: "${UNSET:?give the port}", problem: "variable UNSET is not set: give the port"},
		{text: "${EMPTY:?give the port}", problem: "variable EMPTY is not set: give the port"},
		{text: "${UNSET:-${WORD}}", problem: "${UNSET:-${WORD} holds another variable, which is not supported; write a plain text after :-"},
		{text: "${UNSET}${WORD}", problem: "variable UNSET is not set; set it before the start, or write ${UNSET:-default}"},
	} {
		got, problem := expand(test.text, environment)
		if problem != test.problem || problem == "" && got != test.want {
			t.Errorf("expand(%q) = %q, %q; want %q, %q", test.text, got, problem, test.want, test.problem)
		}
	}
}

func TestKeysAreNotExpanded(t *testing.T) {
	_, err := Parse("keys.yml", []byte("${WORD}: 1\n"+minimalText), environment)
	want := `keys.yml:1: unknown key "${WORD}"; known here: version, log, access_log, explain, stats, admin_socket, state_file, resolvers, shutdown_timeout, limits, frontends, backends, include, defaults`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
