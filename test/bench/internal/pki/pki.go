// Package pki makes the keys and certificates of one bench: a certificate
// authority, and below it one pair for each server and each client.
package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// A bench lives for days; its certificates outlast it by far.
const validity = 5 * 365 * 24 * time.Hour

// Pair is what a certificate says: to Kubernetes a client's user is its common
// name and the groups are its organizations.
type Pair struct {
	Name   string // of the files, Name.crt and Name.key
	User   string
	Groups []string
	DNS    []string
	IPs    []net.IP
}

// Authority signs Pairs and keeps everything in one folder.
type Authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// Open reads the authority in dir, or makes it there on first use.
func Open(dir string) (*Authority, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of certificates: %w", err)
	}
	cert, key, err := readPair(dir, "ca")
	if errors.Is(err, fs.ErrNotExist) {
		cert, key, err = makeAuthority(dir)
	}
	if err != nil {
		return nil, err
	}
	return &Authority{dir: dir, cert: cert, key: key}, nil
}

// Ensure makes the pair unless it is there: certificates of running servers
// are never changed under them.
func (a *Authority) Ensure(p Pair) error {
	if _, _, err := readPair(a.dir, p.Name); err == nil {
		return nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: p.User, Organization: p.Groups},
		DNSNames:    p.DNS,
		IPAddresses: p.IPs,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	_, _, err := sign(a.dir, p.Name, template, a.cert, a.key)
	return err
}

// EnsureKey makes a bare key pair, NAME.key and NAME.pub, for signing the
// tokens of service accounts.
func (a *Authority) EnsureKey(name string) error {
	path := filepath.Join(a.dir, name)
	if _, err := os.Stat(path + ".pub"); err == nil {
		return nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make key %s: %w", name, err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return fmt.Errorf("make key %s: %w", name, err)
	}
	if err := writeKey(path+".key", key); err != nil {
		return err
	}
	return writePEM(path+".pub", "PUBLIC KEY", public, 0o644)
}

func makeAuthority(dir string) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "gpk-bench"},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	return sign(dir, "ca", template, nil, nil)
}

// sign makes a key, has parent sign its certificate (itself, without a parent),
// and writes both; the certificate last, so that it is there only with its key.
func sign(dir, name string, template, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make key %s: %w", name, err)
	}
	if parent == nil {
		parent, parentKey = template, key
	}
	template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, nil, fmt.Errorf("make certificate %s: %w", name, err)
	}
	template.NotBefore = time.Now().Add(-time.Hour)
	template.NotAfter = template.NotBefore.Add(validity)
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		return nil, nil, fmt.Errorf("make certificate %s: %w", name, err)
	}
	path := filepath.Join(dir, name)
	if err := writeKey(path+".key", key); err != nil {
		return nil, nil, err
	}
	if err := writePEM(path+".crt", "CERTIFICATE", der, 0o644); err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return cert, key, err
}
