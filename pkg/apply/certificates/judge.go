package certificates

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Ahead is how long before the end of a certificate gpk tells of it.
const Ahead = 30 * 24 * time.Hour

// Given are the files of a Secret with a certificate for clients.
type Given struct{ Certificate, Key, Authority []byte }

// Faults are all reasons for which clients could not verify a server with these files, or it would not start. Without faults it returns the
// certificate itself, which is the first of its file.
func (g Given) Faults(now time.Time) (*x509.Certificate, []string) {
	chain, err := parse(g.Certificate)
	if err != nil || len(chain) == 0 {
		return nil, []string{faultOf("tls.crt", err)}
	}
	leaf := chain[0]
	faults := slices.Concat(g.keyFaults(), dateFaults("tls.crt", leaf, now))
	roots, err := parse(g.Authority)
	if err != nil || len(roots) == 0 {
		return nil, append(faults, faultOf("ca.crt", err))
	}
	if len(dateFaults("", leaf, now)) > 0 {
		// What else is wrong with the chain is told for a moment at which the certificate holds.
		now = leaf.NotAfter
	}
	faults = append(faults, chainFaults(chain, roots, now)...)
	if len(faults) > 0 {
		return nil, faults
	}
	return leaf, nil
}

func faultOf(file string, err error) string {
	if err != nil {
		return fmt.Sprintf("%s cannot be read: %v", file, err)
	}
	return file + " is missing or holds no certificate in PEM"
}

func (g Given) keyFaults() []string {
	if len(bytes.TrimSpace(g.Key)) == 0 {
		return []string{"tls.key is missing"}
	}
	if strings.Contains(string(g.Key), "ENCRYPTED") {
		return []string{"tls.key is encrypted: nobody gives the servers its passphrase"}
	}
	// The error of crypto/tls has no part of the key.
	if _, err := tls.X509KeyPair(g.Certificate, g.Key); err != nil {
		return []string{"tls.key is not the key of tls.crt: " + strings.TrimPrefix(err.Error(), "tls: ")}
	}
	return nil
}

func dateFaults(file string, certificate *x509.Certificate, now time.Time) []string {
	switch {
	case now.After(certificate.NotAfter):
		return []string{fmt.Sprintf("%s expired on %s", file, Day(certificate.NotAfter))}
	case now.Before(certificate.NotBefore):
		return []string{fmt.Sprintf("%s is not valid before %s", file, Day(certificate.NotBefore))}
	}
	return nil
}

// chainFaults are what keeps a chain from ending at one of the roots.
func chainFaults(chain, roots []*x509.Certificate, now time.Time) []string {
	options := x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), CurrentTime: now}
	for _, root := range roots {
		options.Roots.AddCert(root)
	}
	for _, between := range chain[1:] {
		options.Intermediates.AddCert(between)
	}
	found, err := chain[0].Verify(options)
	if err != nil {
		return []string{"the chain from tls.crt to ca.crt is broken: " + strings.TrimPrefix(err.Error(), "x509: ")}
	}
	whole := func(chain []*x509.Certificate) bool {
		last := chain[len(chain)-1]
		return bytes.Equal(last.RawIssuer, last.RawSubject)
	}
	if !slices.ContainsFunc(found, whole) {
		return []string{"the chain from tls.crt does not end at an authority that signed itself, which libpq wants in ca.crt"}
	}
	return nil
}

// Lacks are those of names that a certificate is not for.
func Lacks(certificate *x509.Certificate, names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return slices.Contains(certificate.DNSNames, name) || certificate.VerifyHostname(name) == nil
	})
}

// Ending tells of a certificate that ends soon, or has ended; "" of any other.
func Ending(what string, certificate *x509.Certificate, now time.Time) string {
	switch {
	case now.After(certificate.NotAfter):
		return fmt.Sprintf("%s expired on %s", what, Day(certificate.NotAfter))
	case now.Add(Ahead).After(certificate.NotAfter):
		return fmt.Sprintf("%s expires on %s, in %d days", what, Day(certificate.NotAfter), int(certificate.NotAfter.Sub(now).Hours()/24))
	}
	return ""
}

// Day is a date as gpk prints it.
func Day(at time.Time) string { return at.UTC().Format("2006-01-02") }

// First is the first certificate of a file.
func First(file []byte) (*x509.Certificate, error) {
	found, err := parse(file)
	if err == nil && len(found) == 0 {
		err = errors.New("no certificate in PEM")
	}
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// parse reads all certificates of a file. Damaged ones, which pem passes over, are an error: OpenSSL takes nothing of such a file.
func parse(file []byte) (found []*x509.Certificate, err error) {
	begun := bytes.Count(file, []byte("-----BEGIN CERTIFICATE-----"))
	for {
		var block *pem.Block
		if block, file = pem.Decode(file); block == nil {
			if len(found) < begun {
				err = fmt.Errorf("%d of %d certificates are damaged", begun-len(found), begun)
			}
			return found, err
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		found = append(found, certificate)
	}
}
