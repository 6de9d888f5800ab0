package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// edits looks at the edits of requests, or of answers.
func (v *validator) edits(path string, edits []Edit, answer bool) {
	for i := range edits {
		v.edit(fmt.Sprintf("%s[%d]", path, i), &edits[i], answer)
	}
}

func (v *validator) edit(path string, e *Edit, answer bool) {
	if e.If != nil {
		v.match(path+".if", e.If)
	}
	v.setFields(path, "set_header", e.SetHeader, answer)
	v.setFields(path, "add_header", e.AddHeader, answer)
	for i, name := range e.DelHeader {
		v.refuse(fmt.Sprintf("%s.del_header[%d]", path, i), EditFault(name, "del_header", answer))
	}
	target := e.targetKeys()
	if len(e.SetHeader)+len(e.AddHeader)+len(e.DelHeader)+len(target) == 0 {
		v.fault(path, "changes nothing; write at least one key beside if, such as set_header")
	}
	if !answer {
		v.target(path, e)
		return
	}
	for _, key := range target {
		v.fault(path+"."+key, "an answer has none; move it to request")
	}
}

func (v *validator) setFields(path, key string, fields map[string]string, answer bool) {
	path += "." + key
	v.fieldNames(path, fields, func(name string) string { return EditFault(name, key, answer) })
	var unknown []string
	if !answer {
		unknown = unknownInRequest()
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		v.template(path+"."+name, fields[name], unknown...)
	}
}

// unknownInRequest lists the variables that nobody knows before a server has answered.
func unknownInRequest() []string { return []string{"server", "status"} }

// targetKeys lists the keys of what e does to the target of a request.
func (e *Edit) targetKeys() []string {
	keys := []string{}
	for _, edit := range []struct {
		key   string
		given bool
	}{{"set_host", e.SetHost != ""}, {"set_path", e.SetPath != ""}, {"strip_prefix", e.StripPrefix != ""}, {"replace_path", e.ReplacePath != nil}} {
		if edit.given {
			keys = append(keys, edit.key)
		}
	}
	return keys
}

// fieldNames looks at the names of fields, which have no case.
func (v *validator) fieldNames(path string, fields map[string]string, nameFault func(string) string) {
	seen := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		at := path + "." + name
		v.refuse(at, nameFault(name))
		if first, again := seen[strings.ToLower(name)]; again {
			v.fault(at, "is the same field as %s; write one of them", first)
		}
		seen[strings.ToLower(name)] = name
	}
}

func (v *validator) target(path string, e *Edit) {
	if e.SetHost != "" {
		if !isVisible(e.SetHost) || strings.ContainsAny(e.SetHost, "/@?#") {
			v.fault(path+".set_host", "%q is not a host; write a name such as app.example.com", e.SetHost)
		} else {
			v.template(path+".set_host", e.SetHost, unknownInRequest()...)
		}
	}
	if e.SetPath != "" {
		if fault := pathFault(e.SetPath); fault != "" && !strings.HasPrefix(e.SetPath, "{path}") {
			v.fault(path+".set_path", "%s", fault)
		} else {
			v.template(path+".set_path", e.SetPath, unknownInRequest()...)
		}
	}
	if e.StripPrefix != "" {
		v.refuse(path+".strip_prefix", pathFault(e.StripPrefix))
	}
	if e.ReplacePath != nil {
		v.replace(path+".replace_path", e.ReplacePath)
	}
}

var group = regexp.MustCompile(`\$(?:\{(\w*)\}|(\w+))`)

// replace looks at the groups too: $1x is the group named 1x, and what has no group is empty.
func (v *validator) replace(path string, r *Replace) {
	if r.Regex == "" {
		v.fault(path+".regex", "missing; write what is replaced, such as ^/old/(.*)")
		return
	}
	expression, err := regexp.Compile(r.Regex)
	if err != nil {
		v.fault(path+".regex", "%s", regexAdvice(r.Regex, err))
		return
	}
	if !isVisible(r.With) {
		v.fault(path+".with", "%q holds a character that a path cannot have; write it percent-encoded, such as %%20 for a space", r.With)
	}
	for _, found := range group.FindAllStringSubmatch(strings.ReplaceAll(r.With, "$$", ""), -1) {
		name := found[1] + found[2]
		if n, err := strconv.Atoi(name); err == nil && n <= expression.NumSubexp() || expression.SubexpIndex(name) >= 0 {
			continue
		}
		v.fault(path+".with", "the expression has no group %s; add it, or write ${1} before letters and digits, and $$ for a dollar", found[0])
	}
}
