package config

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
)

// TLS says how TLS is terminated on a bind.
type TLS struct {
	Certificates []Certificate `yaml:"certificates"` // chosen by the name that the client asks for; the first one for clients that name none
	MinVersion   string        `yaml:"min_version"`  // 1.2 or 1.3
	ClientCA     Path          `yaml:"client_ca"`    // PEM file of the authorities of client certificates; empty: none are asked for
	Verify       string        `yaml:"verify"`       // required or optional; empty: required, if there is a ClientCA
}

// Certificate names the PEM files of a certificate with its chain and of its private key.
type Certificate struct {
	Cert Path `yaml:"cert"`
	Key  Path `yaml:"key"` // empty: the key stands in Cert's file
}

// maxPEM bounds the files that are read, so that a wrong path cannot fill the memory.
const maxPEM Bytes = 4 << 20

// Load reads the certificate with its key. Its error says what to write instead.
func (c Certificate) Load() (tls.Certificate, error) {
	pair, _, err := c.load()
	return pair, err
}

// load also tells whether an error is about the key.
func (c Certificate) load() (pair tls.Certificate, aboutKey bool, err error) {
	certPEM, err := readPEM(c.Cert)
	if err != nil {
		return pair, false, err
	}
	if err := checkChain(c.Cert, certPEM); err != nil {
		return pair, false, err
	}
	keyFile, keyPEM := c.Key, certPEM
	if keyFile.None() {
		keyFile = c.Cert
	} else if keyPEM, err = readPEM(keyFile); err != nil {
		return pair, true, err
	}
	if err := checkKey(c, keyPEM); err != nil {
		return pair, true, err
	}
	pair, err = tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return pair, true, fmt.Errorf("the key in %q does not fit the certificate in %q (%s); write the key that the certificate was made for",
			keyFile, c.Cert, strings.TrimPrefix(err.Error(), "tls: "))
	}
	return pair, false, nil
}

// LoadClientCA reads the authorities of client certificates.
func (t *TLS) LoadClientCA() (*x509.CertPool, error) { return loadAuthorities(t.ClientCA) }

func loadAuthorities(path Path) (*x509.CertPool, error) {
	data, err := readPEM(path)
	if err != nil {
		return nil, err
	}
	if err := checkChain(path, data); err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(data)
	return pool, nil
}

func readPEM(path Path) ([]byte, error) {
	data, err := path.read("a PEM file", maxPEM)
	if err != nil {
		return nil, err
	}
	if block, _ := pem.Decode(data); block == nil {
		return nil, fmt.Errorf("%q holds no PEM block; write the path of a file with -----BEGIN lines", path)
	}
	return data, nil
}

// checkChain wants at least one certificate, and every one sound.
func checkChain(path Path, data []byte) error {
	found, keys := 0, 0
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		switch {
		case block.Type == "CERTIFICATE":
			found++
			if _, err := x509.ParseCertificate(block.Bytes); err != nil {
				return fmt.Errorf("certificate %d in %q cannot be read (%s); replace it", found, path, strings.TrimPrefix(err.Error(), "x509: "))
			}
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			keys++
		}
	}
	switch {
	case found > 0:
		return nil
	case keys > 0:
		return fmt.Errorf("%q holds a key and no certificate; write the path of the certificate here, and this one as key", path)
	}
	return fmt.Errorf("%q holds no certificate; write the path of a file with -----BEGIN CERTIFICATE-----", path)
}

// checkKey wants a private key that needs no pass phrase.
func checkKey(c Certificate, data []byte) error {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		switch {
		case block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED"):
			return fmt.Errorf("the key in %q needs a pass phrase; write it without one: openssl pkey -in OLD -out NEW", orSelf(c.Key, c.Cert))
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			return nil
		}
	}
	if c.Key.None() {
		return fmt.Errorf("missing, and there is no private key in %q; write the path of the key", c.Cert)
	}
	if bytes.Contains(data, []byte("CERTIFICATE")) {
		return fmt.Errorf("%q holds a certificate and no private key; write the path of the key", c.Key)
	}
	return fmt.Errorf("%q holds no private key; write the path of a file with -----BEGIN PRIVATE KEY-----", c.Key)
}

func orSelf(path, otherwise Path) Path {
	if path.None() {
		return otherwise
	}
	return path
}

func (v *validator) tls(path string, t *TLS) {
	if len(t.Certificates) == 0 {
		v.fault(path+".certificates", "missing; write at least one, such as {cert: site.pem, key: site.key}")
	}
	for i, c := range t.Certificates {
		v.certificate(fmt.Sprintf("%s.certificates[%d]", path, i), c)
	}
	if t.MinVersion == "1.0" || t.MinVersion == "1.1" {
		v.fault(path+".min_version", "%s has known weaknesses and is not supported; write 1.2 or 1.3", t.MinVersion)
	} else {
		v.oneOf(path+".min_version", t.MinVersion, []string{"1.2", "1.3"})
	}
	if !t.ClientCA.None() {
		if _, err := t.LoadClientCA(); err != nil {
			v.fault(path+".client_ca", "%s", err)
		}
	}
	switch {
	case t.Verify == "":
	case t.ClientCA.None():
		v.fault(path+".verify", "there is nothing to verify client certificates with; write client_ca: FILE beside it, or remove it")
	default:
		v.oneOf(path+".verify", t.Verify, []string{"required", "optional"})
	}
}

func (v *validator) certificate(path string, c Certificate) {
	if c.Cert.None() {
		v.fault(path+".cert", "missing; write the path of a PEM file with the certificate and its chain")
		return
	}
	switch _, aboutKey, err := c.load(); {
	case err == nil:
	case aboutKey:
		v.fault(path+".key", "%s", err)
	default:
		v.fault(path+".cert", "%s", err)
	}
}
