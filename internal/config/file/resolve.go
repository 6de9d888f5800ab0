package file

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// mostCopied bounds by how much the files grow when aliases are replaced: a few nested ones can
// stand for billions of values.
const mostCopied = 100_000

// resolver turns the nodes of the parser, of one file, into ours.
type resolver struct {
	*source
	files *reader
	root  *yaml.Node
	open  []*yaml.Node // the anchors being replaced, to see those that hold themselves
	outer int          // line of the alias that is not inside of another one
}

func (r *resolver) resolve(root *yaml.Node) *node {
	r.root = root
	return r.node(root)
}

func (r *resolver) node(n *yaml.Node) *node {
	bad := &node{line: r.at(n.Line), bad: true}
	if len(r.open) > 0 {
		r.files.copied++
	}
	switch {
	case r.files.copied > mostCopied:
		if r.files.copied == mostCopied+1 {
			r.fault(r.outer, "aliases make the file grow by more than %d values; use fewer of them", mostCopied)
		}
		return bad
	case n.Kind == yaml.AliasNode:
		return r.alias(n)
	case n.Style&yaml.TaggedStyle != 0:
		r.fault(n.Line, "tags are not supported; remove %s", n.Tag)
		return bad
	}
	switch n.Kind {
	case yaml.ScalarNode:
		return r.scalar(n)
	case yaml.SequenceNode:
		list := &node{kind: sequence, line: r.at(n.Line)}
		for _, item := range n.Content {
			list.items = append(list.items, r.node(item))
		}
		return list
	case yaml.MappingNode:
		return r.mapping(n)
	}
	return bad
}

func (r *resolver) scalar(n *yaml.Node) *node {
	if n.ShortTag() == "!!null" {
		return &node{line: r.at(n.Line), null: true}
	}
	text, problem := expand(n.Value, r.files.getenv)
	if problem != "" {
		r.fault(n.Line, "%s", problem)
		return &node{line: r.at(n.Line), bad: true}
	}
	return &node{line: r.at(n.Line), text: text}
}

func (r *resolver) alias(n *yaml.Node) *node {
	if slices.Contains(r.open, n.Alias) {
		r.fault(n.Line, "alias *%s stands inside its own anchor; move it out", n.Value)
		return &node{line: r.at(n.Line), bad: true}
	}
	if len(r.open) == 0 {
		r.outer = n.Line
	}
	r.open = append(r.open, n.Alias)
	defer func() { r.open = r.open[:len(r.open)-1] }()
	return r.node(n.Alias)
}

func (r *resolver) mapping(n *yaml.Node) *node {
	m := &node{kind: mapping, line: r.at(n.Line)}
	var merges []*yaml.Node
	mergeLine := 0
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case key.ShortTag() == "!!merge" && mergeLine != 0:
			r.fault(key.Line, "duplicate key \"<<\", also in line %d; write <<: [*one, *two]", mergeLine)
		case key.ShortTag() == "!!merge":
			merges, mergeLine = append(merges, value), key.Line
		default:
			r.pair(m, key, value, n == r.root && strings.HasPrefix(key.Value, "x-"))
		}
	}
	for _, source := range merges {
		r.merge(m, source)
	}
	return m
}

// pair adds one key of a mapping. What stands below a key x-* at the top is ignored: it is
// only read where an alias points to it.
func (r *resolver) pair(m *node, key, value *yaml.Node, ignored bool) {
	if key.Kind == yaml.AliasNode {
		key = key.Alias
	}
	if key.Kind != yaml.ScalarNode || key.Value == "" {
		r.fault(key.Line, "a key must be a word, not %s; write \"key: value\", and quotes around text that begins with { or [", what(key))
		m.bad = true
		return
	}
	if i := slices.IndexFunc(m.pairs, func(p pair) bool { return p.key == key.Value }); i >= 0 {
		r.fault(key.Line, "duplicate key %q, also in line %d; remove one of them", key.Value, m.pairs[i].line.line)
		return
	}
	p := pair{key: key.Value, line: r.at(key.Line), value: &node{line: r.at(value.Line), bad: true}}
	if !ignored {
		p.value = r.node(value)
	}
	m.pairs = append(m.pairs, p)
}

// merge adds to m the keys that it lacks from the mapping, or list of mappings, of a merge key.
func (r *resolver) merge(m *node, source *yaml.Node) {
	from := r.node(source)
	sources := []*node{from}
	if from.kind == sequence {
		sources = from.items
	}
	for _, s := range sources {
		if s.kind != mapping && !s.bad {
			r.report.fault(s.line, "<< merges mappings, not %s; write <<: *name, where &name stands at a mapping", s)
			continue
		}
		for _, p := range s.pairs {
			if m.get(p.key) == nil {
				m.pairs = append(m.pairs, p)
			}
		}
	}
}
