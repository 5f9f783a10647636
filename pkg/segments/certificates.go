package segments

import (
	"encoding/base64"
	"fmt"
)

// SSLRequest asks a server to encrypt the connection, before anything else. The answer is one letter: Encrypted, or another.
var SSLRequest = []byte{0, 0, 0, 8, 4, 210, 22, 47} //nolint:gochecknoglobals // never changed

// Encrypted is the answer of a server that encrypts. The handshake of TLS follows.
const Encrypted = 'S'

// RenewCertificates has the servers of a pod read certificates that have changed.
func RenewCertificates() Command { return Script("hba.sh", "renew") }

// Renewed is what a pod does with its certificates.
type Renewed struct {
	// Mounted is the sum (SHA-256) of the file with the certificate of clients, as the pod mounts it. Empty: it mounts none.
	Mounted string
	// Unfit: that certificate does not fit its key.
	Unfit bool
	// AtStart: the servers take certificates at their start only, as those of Greenplum 6.
	AtStart bool
}

// ParseRenewed reads what RenewCertificates printed.
func ParseRenewed(out string) (renewed Renewed, err error) {
	err = parseLines(out, "the answer about certificates was", func(line string, words []string) error {
		switch {
		case line == "missing":
		case len(words) == 2 && words[0] == "mounted":
			renewed.Mounted = words[1]
		case line == "unfit":
			renewed.Unfit = true
		case line == "start":
			renewed.AtStart = true
		default:
			return fmt.Errorf("unknown answer %q", line)
		}
		return nil
	})
	return whole(renewed, err)
}

// The files with certificates in a pod that are nobody's secret. The last one is there only if cluster.yaml has a certificate for clients.
const (
	PodsAuthority      = "/gpk/ssh/ca.crt"
	ServersCertificate = "/gpk/ssh/server.crt"
	AdministratorsOwn  = "/gpk/ssh/gpadmin.crt"
	ClientsAuthority   = "/gpk/tls/ca.crt"
)

// CertificateFile is one of them, in PEM.
type CertificateFile struct {
	Path    string
	Content []byte
}

// ShowCertificates prints the certificates of a pod, as ParseCertificates reads them.
func ShowCertificates() Command { return Script("hba.sh", "show") }

// ParseCertificates reads what ShowCertificates printed.
func ParseCertificates(out string) (found []CertificateFile, err error) {
	err = parseLines(out, "the list of certificates was", func(line string, words []string) error {
		if len(words) != 3 || words[0] != "certificate" {
			return fmt.Errorf("unknown answer %q", line)
		}
		content, err := base64.StdEncoding.DecodeString(words[2])
		found = append(found, CertificateFile{words[1], content})
		return err
	})
	return whole(found, err)
}
