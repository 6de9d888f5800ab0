package file

import (
	"slices"

	"gopkg.in/yaml.v3"
)

type kind int

const (
	scalar kind = iota
	sequence
	mapping
)

// node is a value of the file after aliases, merge keys and variables have been replaced.
type node struct {
	kind      kind
	line      spot
	text      string  // of a scalar
	null      bool    // a scalar that was left out, or written null
	items     []*node // of a sequence
	pairs     []pair  // of a mapping, in the order of the file, each key once
	short     bool    // a mapping that was written as the value of its only key
	inherited bool    // stands in defaults
	bad       bool    // a fault has been reported; there is no value
}

type pair struct {
	key   string
	line  spot
	value *node
}

// get returns the value of key, nil when there is none.
func (n *node) get(key string) *node {
	if i := slices.IndexFunc(n.pairs, func(p pair) bool { return p.key == key }); i >= 0 {
		return n.pairs[i].value
	}
	return nil
}

// isTCP tells whether n, a frontend or backend, is in TCP mode.
func (n *node) isTCP() bool {
	mode := n.get("mode")
	return mode != nil && mode.text == "tcp"
}

// inherit marks n, and all in it, as standing in defaults.
func (n *node) inherit() {
	n.inherited = true
	for _, item := range n.items {
		item.inherit()
	}
	for _, p := range n.pairs {
		p.value.inherit()
	}
}

// String names the kind of value for a message.
func (n *node) String() string {
	switch {
	case n.kind == mapping:
		return "a mapping"
	case n.kind == sequence:
		return "a list"
	case n.null:
		return "nothing"
	}
	return "a single value"
}

// what names the kind of a node of the parser.
func what(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	return "a single value"
}
