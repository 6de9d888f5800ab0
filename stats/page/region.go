package page

import (
	"fmt"
	"html"
	"slices"
	"strings"
)

// region is a part of the page that can be replaced as a whole: an element with an id whose name
// is one of regionNames, with the regions inside it.
type region struct {
	id      string
	html    string    // all of it
	between []string  // what of it is around the regions inside: one more than these
	inside  []*region // in their order
	changed uint64    // number of the frame that has changed between, or which regions are inside
}

// regionNames are the elements that regions are. Others, such as the tips of a row, change with
// what they are in.
var regionNames = []string{"title", "header", "main", "section", "div", "caption", "tr"}

// cut returns a page as a region without an id, with all others inside. It takes what the template
// writes, which is well-formed as XML is: each element is closed, and no attribute has a > in it.
func cut(page string) (*region, error) {
	c := cutter{html: page}
	return c.region("", 0)
}

// cutter walks through a page.
type cutter struct {
	html string
	at   int // behind the last tag
}

// region goes on to the end of the element that has just begun, at start.
func (c *cutter) region(id string, start int) (*region, error) {
	r := &region{id: id}
	from, depth := start, 0
	for {
		begin, tag := c.tag()
		switch {
		case tag == "" && (depth > 0 || id != ""):
			return nil, fmt.Errorf("cut page: an element in %q is not closed", id)
		case tag == "" || depth == 0 && strings.HasPrefix(tag, "</"):
			r.html, r.between = c.html[start:c.at], append(r.between, c.html[from:c.at])
			return r, nil
		case strings.HasPrefix(tag, "</"):
			depth--
		case strings.HasPrefix(tag, "<!"), strings.HasSuffix(tag, "/>"):
		case regionID(tag) != "":
			inner, err := c.region(regionID(tag), begin)
			if err != nil {
				return nil, err
			}
			r.between, r.inside = append(r.between, c.html[from:begin]), append(r.inside, inner)
			from = c.at
		default:
			depth++
		}
	}
}

// tag goes behind the next tag and returns where it begins; "" and the end where there is none.
func (c *cutter) tag() (begin int, tag string) {
	if n := strings.IndexByte(c.html[c.at:], '<'); n >= 0 {
		begin = c.at + n
		if n := strings.IndexByte(c.html[begin:], '>'); n >= 0 {
			c.at = begin + n + 1
			return begin, c.html[begin:c.at]
		}
	}
	c.at = len(c.html)
	return c.at, ""
}

// regionID returns the id of an element, if it is a region.
func regionID(tag string) string {
	name, attributes, _ := strings.Cut(strings.Trim(tag, "<>"), " ")
	if !slices.Contains(regionNames, name) {
		return ""
	}
	_, id, _ := strings.Cut(" "+attributes, ` id="`)
	id, _, _ = strings.Cut(id, `"`)
	return html.UnescapeString(id)
}

// follow finds out what the frame of a number has changed. before is the region as it was; nil:
// it was not there, or where it was has changed.
func (r *region) follow(before *region, number uint64) {
	r.changed = number
	same := before != nil && r.sameAround(before)
	if same {
		r.changed = before.changed
	}
	for i, inner := range r.inside {
		if same {
			inner.follow(before.inside[i], number)
		} else {
			inner.follow(nil, number)
		}
	}
}

// sameAround tells whether two regions differ in nothing but the regions inside.
func (r *region) sameAround(other *region) bool {
	return slices.Equal(r.between, other.between) &&
		slices.EqualFunc(r.inside, other.inside, func(a, b *region) bool { return a.id == b.id })
}

// collect adds the regions that have changed since the frame of a number, and none that is inside
// one of them.
func (r *region) collect(since uint64, into map[string]string) {
	if r.changed > since {
		into[r.id] = r.html
		return
	}
	for _, inner := range r.inside {
		inner.collect(since, into)
	}
}
