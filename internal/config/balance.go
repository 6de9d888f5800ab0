package config

import "time"

// Balance says who gets a request.
type Balance struct {
	Algorithm string // roundrobin, static-rr, leastconn, first, random, source, uri, header or ewma
	URI       URI    // of uri
	Header    string // of header: the name of the field
	Draws     int    // of random: how many servers are compared
}

// String is the name that HAProxy's stats column algo has for the algorithm.
func (b Balance) String() string {
	if b.Algorithm == "header" {
		return "hdr"
	}
	return b.Algorithm
}

// URI says what uri hashes, in HAProxy's terms.
type URI struct {
	Whole    bool `yaml:"whole"`     // the query too
	PathOnly bool `yaml:"path_only"` // not the scheme and the host of a URL
	Len      int  `yaml:"len"`       // so many characters at most; 0: all
	Depth    int  `yaml:"depth"`     // so many directories at most; 0: all
}

// Hash says how source, uri and header map what they hash to servers.
type Hash struct {
	Type          string `yaml:"type"`           // map or consistent
	Function      string `yaml:"function"`       // sdbm, djb2, wt6, crc32 or none
	Avalanche     bool   `yaml:"avalanche"`      // the result is hashed once more
	BalanceFactor int    `yaml:"balance_factor"` // consistent: percent of the average load that a server may have; 0: any
}

// RetryBudget bounds the requests of a backend that are sent again, so that a sick farm is not
// finished off. Failed connections do not use it.
type RetryBudget struct {
	Ratio float64 `yaml:"ratio"` // of the requests of the last 10 s
	Floor int     `yaml:"floor"` // per second, whatever Ratio says
}

// Cookie keeps a client with its server.
type Cookie struct {
	Name     string        `yaml:"name"`
	Mode     string        `yaml:"mode"`      // insert, prefix or rewrite
	KeyFile  Path          `yaml:"key_file"`  // signs the values; empty: they are the servers' plain ones, or opaque if those have none
	Indirect bool          `yaml:"indirect"`  // insert: the server does not see it
	Nocache  bool          `yaml:"nocache"`   // answers that set it are not cached
	Domain   string        `yaml:"domain"`    // empty: the host that was asked
	Path     string        `yaml:"path"`      // of insert
	Secure   bool          `yaml:"secure"`    // only sent over TLS
	HTTPOnly bool          `yaml:"httponly"`  // kept from scripts
	SameSite string        `yaml:"same_site"` // lax, strict, none, or empty: not said
	MaxAge   time.Duration `yaml:"max_age"`   // 0: until the browser is closed
}
