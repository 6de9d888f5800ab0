package config

import (
	"fmt"
	"slices"
	"strings"

	"relais/internal/config/spell"
)

// algorithms lists the words of balance; header is known too, but needs the name of a field.
func algorithms() []string {
	return []string{"roundrobin", "static-rr", "leastconn", "first", "random", "source", "uri", "ewma"}
}

func (v *validator) balance(path string, b Balance) {
	switch {
	case b.Algorithm == "header" && b.Header != "":
		v.refuse(path+".header", fieldNameFault(b.Header))
	case !slices.Contains(algorithms(), b.Algorithm):
		v.refuse(path, algorithmAdvice(b.Algorithm))
	}
	v.notBelow0(path+".uri.len", b.URI.Len, "a number of characters, or 0 for all")
	v.notBelow0(path+".uri.depth", b.URI.Depth, "a number of directories, or 0 for all")
	if b.Algorithm == "random" {
		v.between(path+".random.draws", b.Draws, 1, 100)
	}
}

// algorithmAdvice knows HAProxy's spellings, and the words of other programs.
func algorithmAdvice(word string) string {
	name, argument := word, ""
	if i := strings.IndexAny(word, "( "); i >= 0 {
		name, argument = word[:i], strings.Trim(word[i:], "() ")
	}
	instead := ""
	switch strings.ToLower(name) {
	case "hdr", "header":
		if argument == "" {
			return fmt.Sprintf("%s needs the name of a field; write {header: NAME}, such as {header: X-User}", name)
		}
		instead = fmt.Sprintf("{header: %s}", strings.Fields(argument)[0])
	case "uri":
		instead = uriForm(strings.Fields(argument))
	case "random":
		instead = fmt.Sprintf("{random: {draws: %s}}", argument)
	case "url_param":
		return "this version does not hash one parameter of the query; write {uri: {whole: true}} for the whole query, or {header: NAME}"
	case "ip_hash", "ip-hash", "iphash", "source_ip":
		instead = "source"
	case "least_connections", "least-connections", "least_request":
		instead = "leastconn"
	}
	if instead == "" {
		instead = spell.Nearest(strings.ToLower(name), algorithms())
	}
	if instead == "" {
		instead = orList(append(algorithms(), "{header: NAME}"))
	}
	return fmt.Sprintf("%q is not known; write %s", word, instead)
}

// uriForm writes what follows uri in HAProxy as our mapping.
func uriForm(words []string) string {
	var keys []string
	for i, word := range words {
		switch word {
		case "whole":
			keys = append(keys, "whole: true")
		case "path-only":
			keys = append(keys, "path_only: true")
		case "len", "depth":
			if i+1 < len(words) {
				keys = append(keys, word+": "+words[i+1])
			}
		}
	}
	return "{uri: {" + strings.Join(keys, ", ") + "}}"
}

func (v *validator) hash(path string, h Hash) {
	v.oneOf(path+".type", h.Type, []string{"map", "consistent"})
	v.oneOf(path+".function", h.Function, []string{"sdbm", "djb2", "wt6", "crc32", "none"})
	switch at := path + ".balance_factor"; {
	case h.BalanceFactor == 0:
	case h.BalanceFactor <= 100:
		v.fault(at, "%d is out of range; write 0 for any load, or a percentage above 100, such as 150", h.BalanceFactor)
	case h.Type == "map":
		v.fault(at, "only a consistent hash can leave a server out; write type: consistent beside it, or remove it")
	}
}
