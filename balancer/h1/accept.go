package h1

import "bytes"

// WantsJSON tells whether the client prefers JSON to HTML (RFC 9110 12.5.1). Of equal weights
// the one that is named more precisely wins, so that "application/json, */*" asks for JSON; else
// it is HTML, as for those who take anything.
func (h *Head) WantsJSON() bool {
	var json, html preference
	for i := range h.fields {
		f := &h.fields[i]
		if f.name != nameAccept {
			continue
		}
		for list := h.buf[f.value:f.valueEnd]; list != nil; {
			var item []byte
			item, list = cutUnquoted(list, ',')
			media, parameters := cutUnquoted(item, ';')
			media = trimSpace(media)
			json.add(jsonPrecision(media), parameters)
			html.add(htmlPrecision(media), parameters)
		}
	}
	return json.weight > html.weight || json.weight == html.weight && json.weight > 0 && json.precision > html.precision
}

// preference is how much a client wants a media type.
type preference struct {
	weight    int // in thousandths
	precision int // with which the type was named; 0: it was not
}

// add takes a media range into account, of which the most precise counts.
func (p *preference) add(precision int, parameters []byte) {
	if precision == 0 || precision < p.precision {
		return
	}
	weight := weightOf(parameters)
	if precision == p.precision {
		weight = max(weight, p.weight)
	}
	*p = preference{weight, precision}
}

func jsonPrecision(media []byte) int {
	const application, suffix = "application/", "+json"
	switch {
	case equalFold(media, "*/*"):
		return 1
	case equalFold(media, "application/*"):
		return 2
	case equalFold(media, "application/json"):
		return 3
	case len(media) > len(application)+len(suffix) && equalFold(media[:len(application)], application) &&
		equalFold(media[len(media)-len(suffix):], suffix):
		return 3 // such as application/problem+json
	}
	return 0
}

func htmlPrecision(media []byte) int {
	switch {
	case equalFold(media, "*/*"):
		return 1
	case equalFold(media, "text/*"):
		return 2
	case equalFold(media, "text/html"):
		return 3
	}
	return 0
}

// weightOf finds the weight among the parameters of a media range. What is not a weight counts
// as none: 1.
func weightOf(parameters []byte) int {
	for parameters != nil {
		var p []byte
		p, parameters = cutUnquoted(parameters, ';')
		if p = trimSpace(p); len(p) > 1 && equalFold(p[:2], "q=") {
			return parseWeight(p[2:])
		}
	}
	return 1000
}

// parseWeight reads 0 to 1 with up to three decimals (RFC 9110 12.4.2), in thousandths.
func parseWeight(b []byte) int {
	whole, decimals, _ := bytes.Cut(b, []byte("."))
	if len(whole) != 1 || whole[0] != '0' && whole[0] != '1' || len(decimals) > 3 {
		return 1000
	}
	weight := int(whole[0]-'0') * 1000
	for i, unit := 0, 100; i < len(decimals); i, unit = i+1, unit/10 {
		if decimals[i] < '0' || decimals[i] > '9' {
			return 1000
		}
		weight += int(decimals[i]-'0') * unit
	}
	return min(weight, 1000)
}
