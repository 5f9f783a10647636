// Package certificates makes certificates and judges those that others have made. It asks nobody: what it reads and makes are files in
// PEM, as Secrets hold them.
package certificates

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"
)

// ClockSkew is how far the clocks of nodes may be behind that of gpk's machine.
const ClockSkew = 30 * 24 * time.Hour

// Pair is a certificate and its key, in PEM.
type Pair struct{ Certificate, Key []byte }

// Authority signs certificates.
type Authority struct {
	Pair
	certificate *x509.Certificate
	key         crypto.Signer
}

// NewAuthority makes an authority of a name.
func NewAuthority(name string, life time.Duration) (Authority, error) {
	template := templateOf(name, life)
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Authority{}, fmt.Errorf("authority's key: %w", err)
	}
	made, err := sign(template, template, key, key)
	if err != nil {
		return Authority{}, err
	}
	return ReadAuthority(made)
}

// ReadAuthority is the authority that a pair is of.
func ReadAuthority(pair Pair) (Authority, error) {
	block, _ := pem.Decode(pair.Key)
	chain, err := parse(pair.Certificate)
	if err != nil || len(chain) == 0 || block == nil {
		return Authority{}, errors.Join(errors.New("the authority's certificate or key is no PEM"), err)
	}
	key, err := x509.ParseECPrivateKey(block.Bytes)
	if err != nil {
		return Authority{}, fmt.Errorf("authority's key: %w", err)
	}
	return Authority{pair, chain[0], key}, nil
}

// Server makes a certificate of servers with names, which may be addresses.
func (a Authority) Server(name string, names []string, life time.Duration) (Pair, error) {
	template := templateOf(name, life)
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, name := range names {
		if address := net.ParseIP(name); address != nil {
			template.IPAddresses = append(template.IPAddresses, address)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	return a.issue(template)
}

// Client makes a certificate of a role of the database.
func (a Authority) Client(role string, life time.Duration) (Pair, error) {
	template := templateOf(role, life)
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	return a.issue(template)
}

// issue makes a certificate that ends with the authority's own at the latest.
func (a Authority) issue(template *x509.Certificate) (Pair, error) {
	if template.NotAfter.After(a.certificate.NotAfter) {
		template.NotAfter = a.certificate.NotAfter
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, fmt.Errorf("certificate's key: %w", err)
	}
	return sign(template, a.certificate, key, a.key)
}

func templateOf(name string, life time.Duration) *x509.Certificate {
	serial, now := new(big.Int).SetBytes([]byte(rand.Text()[:16])), time.Now()
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, KeyUsage: x509.KeyUsageDigitalSignature,
		NotBefore: now.Add(-ClockSkew), NotAfter: now.Add(life),
	}
}

func sign(template, parent *x509.Certificate, key *ecdsa.PrivateKey, parentKey crypto.Signer) (Pair, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		return Pair{}, fmt.Errorf("certificate: %w", err)
	}
	// The form that OpenSSL of every age reads.
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return Pair{}, fmt.Errorf("certificate's key: %w", err)
	}
	return Pair{pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER})}, nil
}
