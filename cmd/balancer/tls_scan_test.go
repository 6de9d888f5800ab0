package main_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"encoding/xml"
	"fmt"
	"math/big"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"relais/internal/testkit"
)

// scan is what sslscan tells about an address, in its XML. Protocols and renegotiation are listed
// whether they are there or not, ciphers when they are, compression when its OpenSSL knows it.
type scan struct {
	Protocols []struct {
		Type    string `xml:"type,attr"`
		Version string `xml:"version,attr"`
		Enabled string `xml:"enabled,attr"`
	} `xml:"ssltest>protocol"`
	Renegotiation struct {
		Supported string `xml:"supported,attr"`
	} `xml:"ssltest>renegotiation"`
	Compression struct {
		Supported string `xml:"supported,attr"`
	} `xml:"ssltest>compression"`
	Heartbleed []struct {
		Vulnerable string `xml:"vulnerable,attr"`
	} `xml:"ssltest>heartbleed"`
	Ciphers []struct {
		Version  string `xml:"sslversion,attr"`
		Name     string `xml:"cipher,attr"`
		Strength string `xml:"strength,attr"`
	} `xml:"ssltest>cipher"`
}

// TestTLSByScanner has sslscan look for what a TLS bind must not have. The bind has a certificate
// with an RSA key too, so that exchanging keys by RSA would be possible.
func TestTLSByScanner(t *testing.T) {
	sslscan := testkit.Program(t, "sslscan")
	dir, ca := t.TempDir(), testkit.NewAuthority(t)
	ca.Files(t, dir, "a", nil, "a.example")
	rsaFile(t, dir+"/rsa.pem")
	for version, want := range map[string][]string{"1.2": {"TLSv1.2", "TLSv1.3"}, "1.3": {"TLSv1.3"}} {
		t.Run(version, func(t *testing.T) {
			r := run(t, bound(t, in(dir, `[{address: "127.0.0.1:0", tls: {certificates: [{cert: DIR/a.pem, key: DIR/a.key}, {cert: DIR/rsa.pem}], min_version: "`+version+`"}}]`)), nil)
			s := scanned(t, sslscan, r.addr)
			var versions []string
			for _, p := range s.Protocols {
				if p.Enabled != "0" {
					versions = append(versions, strings.ToUpper(p.Type)+"v"+p.Version)
				}
			}
			if slices.Sort(versions); len(s.Protocols) != 6 || !slices.Equal(versions, want) {
				t.Errorf("of %d protocols there are %v, want %v", len(s.Protocols), versions, want)
			}
			if s.Renegotiation.Supported != "0" || s.Compression.Supported == "1" {
				t.Errorf("renegotiation %q, compression %q", s.Renegotiation.Supported, s.Compression.Supported)
			}
			for _, h := range s.Heartbleed {
				if h.Vulnerable != "0" {
					t.Errorf("heartbleed: %q", h.Vulnerable)
				}
			}
			s.checkCiphers(t, want)
		})
	}
}

// checkCiphers wants forward secrecy and authenticated encryption: all of TLS 1.3 has them, of
// TLS 1.2 what is called so. An RSA certificate makes for a few more.
func (s *scan) checkCiphers(t *testing.T, versions []string) {
	t.Helper()
	found := map[string][]string{}
	for _, c := range s.Ciphers {
		found[c.Version] = append(found[c.Version], c.Name)
		sound := strings.HasPrefix(c.Name, "TLS_AES_") || strings.HasPrefix(c.Name, "TLS_CHACHA20_") ||
			strings.HasPrefix(c.Name, "ECDHE-") && (strings.Contains(c.Name, "-GCM-") || strings.HasSuffix(c.Name, "-CHACHA20-POLY1305"))
		if !sound || !slices.Contains(versions, c.Version) || c.Strength != "strong" && c.Strength != "acceptable" {
			t.Errorf("%s has %s, which is %s", c.Version, c.Name, c.Strength)
		}
	}
	for _, version := range versions {
		if len(found[version]) < 3 {
			t.Errorf("%s has only %v", version, found[version])
		}
	}
	t.Log(found)
}

func scanned(t *testing.T, sslscan, addr string) *scan {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 6*testkit.Patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, sslscan, "--xml=-", "--sni-name=a.example", addr).Output()
	if err != nil {
		t.Fatal(err)
	}
	s := &scan{}
	if err := xml.Unmarshal(out, s); err != nil {
		t.Fatal(fmt.Errorf("read the answer of sslscan: %w\n%s", err, out))
	}
	return s
}

// rsaFile writes a certificate that signs itself and its RSA key.
func rsaFile(t *testing.T, path string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"a.example"}, NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	testkit.WriteFile(t, path, append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})...))
}
