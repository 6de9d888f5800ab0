package prom

// certificates are those that listeners show to clients: one series each, with the first of its
// names.
func certificates() []family {
	return []family{{"relais_certificate_expiry_timestamp_seconds", "When the certificate that a listener shows ends", gauge, global, collectCertificates}}
}

func collectCertificates(p *sheet, f *figures) {
	type key struct{ bind, file, name string }
	seen := map[key]bool{}
	for _, c := range f.Certificates {
		k := key{bind: c.Bind, file: c.File}
		if len(c.Names) > 0 {
			k.name = c.Names[0]
		}
		if !seen[k] { // else Prometheus could not tell them apart
			seen[k] = true
			p.add(unix(c.NotAfter), nil, label("bind", k.bind), label("file", k.file), label("name", k.name))
		}
	}
}
