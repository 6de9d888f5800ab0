package file

import (
	"reflect"
	"strings"

	"relais/internal/config"
)

// balanceForm is balance written as a mapping, for algorithms that need more than their name.
type balanceForm struct {
	URI    *config.URI `yaml:"uri"`
	Header string      `yaml:"header"`
	Random *randomForm `yaml:"random"`
}

type randomForm struct {
	Draws int `yaml:"draws"`
}

// balance decodes the word of an algorithm, or a mapping whose only key is that word.
func (d *decoder) balance(n *node, line spot, b *config.Balance, at place) {
	const forms = "one word, such as roundrobin, or one of {uri: {...}}, {header: NAME} and {random: {draws: 2}}"
	switch {
	case n.kind == scalar:
		b.Algorithm = n.text
		return
	case n.kind != mapping:
		d.fault(line, at, "is %s; write %s", n, forms)
		return
	case len(n.pairs) != 1:
		d.fault(line, at, "has %d algorithms; write %s", len(n.pairs), forms)
		return
	}
	var form balanceForm
	d.structure(n, line, reflect.ValueOf(&form).Elem(), at)
	switch b.Algorithm = n.pairs[0].key; {
	case form.URI != nil:
		b.Algorithm, b.URI = "uri", *form.URI
	case form.Header != "":
		b.Algorithm, b.Header = "header", form.Header
	case form.Random != nil && n.pairs[0].value.get("draws") != nil:
		b.Draws = form.Random.Draws
	}
}

// isForHTTP tells whether an algorithm looks at requests.
func isForHTTP(balance *node) bool {
	if balance.kind == mapping {
		return balance.get("uri") != nil || balance.get("header") != nil
	}
	return strings.HasPrefix(balance.text, "uri") || strings.HasPrefix(balance.text, "hdr") || strings.HasPrefix(balance.text, "header")
}
