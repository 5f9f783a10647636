package objects

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"

	"gpk/pkg/segments"
)

// The files of the Secret with certificates, as hba.sh names them.
const (
	authority         = "ca.crt"
	serverCertificate = "server.crt"
	serverKey         = "server.key"
	clientCertificate = "gpadmin.crt"
	clientKey         = "gpadmin.key"
)

const (
	// certificateLife is longer than a release of the database is in use: nothing renews the certificates.
	certificateLife = 20 * 365 * 24 * time.Hour
	// clockSkew is how far the clocks of nodes may be behind that of gpk's machine.
	clockSkew = 30 * 24 * time.Hour
)

// newCertificates adds a certificate of all servers and one of the administrator, both of a new authority, to the data of a Secret. The
// authority's key is not kept: nobody can make another certificate that the servers would accept.
func newCertificates(data map[string][]byte, cluster string, names []string) error {
	parent := certificate("gpk " + cluster)
	parent.IsCA, parent.BasicConstraintsValid, parent.KeyUsage = true, true, x509.KeyUsageCertSign
	made, _, parentKey, err := sign(parent, parent, nil)
	if err != nil {
		return err
	}
	data[authority] = made
	server := certificate(cluster)
	server.DNSNames, server.ExtKeyUsage = names, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	if data[serverCertificate], data[serverKey], _, err = sign(server, parent, parentKey); err != nil {
		return err
	}
	client := certificate(segments.Administrator)
	client.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	data[clientCertificate], data[clientKey], _, err = sign(client, parent, parentKey)
	return err
}

func certificate(name string) *x509.Certificate {
	serial, now := new(big.Int).SetBytes([]byte(rand.Text()[:16])), time.Now()
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, KeyUsage: x509.KeyUsageDigitalSignature,
		NotBefore: now.Add(-clockSkew), NotAfter: now.Add(certificateLife),
	}
}

// sign makes a key, and a certificate of it that the parent has signed: both in PEM, and the key itself. Without the parent's key the
// certificate is signed by its own.
func sign(template, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (made, private []byte, key *ecdsa.PrivateKey, err error) {
	key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("certificate's key: %w", err)
	}
	if parentKey == nil {
		parentKey = key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("certificate: %w", err)
	}
	// The form that OpenSSL of every age reads.
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("certificate's key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER}), key, nil
}
