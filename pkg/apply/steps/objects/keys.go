package objects

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/apply/certificates"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// The files of the Secret, as the pods mount them.
const (
	userKey        = "id_ed25519"
	authorizedKeys = "authorized_keys"
	hostKey        = "host_key"
	knownHosts     = "known_hosts"

	// These are the certificates, as hba.sh names them.
	authority         = "ca.crt"
	serverCertificate = "server.crt"
	serverKey         = "server.key"
	clientCertificate = "gpadmin.crt"
	clientKey         = "gpadmin.key"
)

// restriction is what the user's key may do: run programs, with a terminal. Greenplum's utilities need nothing else: no forwarding of
// ports, of agents or of X11, and no ~/.ssh/rc.
const restriction = "restrict,pty "

// certificateLife is longer than a release of the database is in use: nothing renews the certificates.
const certificateLife = 20 * 365 * 24 * time.Hour

// keysHandler makes once what the cluster's pods know each other by: the ssh keys, one pair for the user and one for all hosts, and the
// certificates. Every pod knows the host key before the first connection. A cluster that an earlier gpk made gets certificates beside
// its keys.
type keysHandler struct {
	kube   *kube.Client
	action plan.Keys
}

func (h *keysHandler) Check(ctx context.Context) (engine.Finding, error) {
	live, err := h.live(ctx)
	if err != nil {
		return engine.Finding{}, err
	}
	if live == nil {
		return engine.Finding{State: engine.Pending, Details: []string{kube.ObjectName(h.action.Secret) + " is missing"}}, nil
	}
	for _, file := range sshKeys() {
		if len(live.Data[file]) == 0 {
			return engine.BlockedBy(kube.ObjectName(h.action.Secret)+" has no "+file,
				"if the pods may get new keys, delete the Secret, restart the pods, and run this again"), nil
		}
	}
	if lacksAny(live.Data, certificateFiles()) {
		return engine.Finding{State: engine.Pending, Details: []string{kube.ObjectName(h.action.Secret) + " has no certificates"}}, nil
	}
	if !strings.HasPrefix(string(live.Data[authorizedKeys]), restriction) {
		return engine.PendingIf([]string{kube.ObjectName(h.action.Secret) + " lets the pods' key forward ports"}), nil
	}
	for file, content := range h.action.Files {
		if string(live.Data[file]) != content {
			return engine.Finding{State: engine.Pending, Details: []string{kube.ObjectName(h.action.Secret) + " differs: " + file}}, nil
		}
	}
	return engine.Finding{State: engine.Done}, nil
}

// live is the Secret on the server, nil if it is missing. Another owner's is an error: it holds no key of the cluster.
func (h *keysHandler) live(ctx context.Context) (*corev1.Secret, error) {
	live, err := h.kube.Live(ctx, h.action.Secret)
	if live == nil || err != nil {
		return nil, err
	}
	return live.(*corev1.Secret), kube.Refuse(h.kube.Foreign("Secret", live))
}

func (h *keysHandler) Do(ctx context.Context, _ func(string)) error {
	secret := h.action.Secret.DeepCopyObject().(*corev1.Secret)
	secret.Data = map[string][]byte{}
	for file, content := range h.action.Files {
		secret.Data[file] = []byte(content)
	}
	live, err := h.live(ctx)
	if err != nil {
		return err
	}
	if live != nil {
		for _, file := range slices.Concat(sshKeys(), certificateFiles()) {
			secret.Data[file] = live.Data[file]
		}
		if key := string(live.Data[authorizedKeys]); !strings.HasPrefix(key, restriction) {
			secret.Data[authorizedKeys] = []byte(restriction + key)
		}
	} else if err := newKeys(secret.Data, h.kube.Ref.Name); err != nil {
		return err
	}
	if lacksAny(secret.Data, certificateFiles()) {
		if err := newCertificates(secret.Data, h.kube.Ref.Name, h.action.Names); err != nil {
			return err
		}
	}
	_, err = h.kube.Apply(ctx, secret, kube.Manager, false)
	return err
}

// sshKeys and certificateFiles are the files that gpk makes once.
func sshKeys() []string { return []string{userKey, authorizedKeys, hostKey, knownHosts} }

func certificateFiles() []string {
	return []string{authority, serverCertificate, serverKey, clientCertificate, clientKey}
}

// newCertificates adds a certificate of all servers and one of the administrator, both of a new authority, to the data of a Secret. The
// authority's key is not kept: nobody can make another certificate that the servers would accept.
func newCertificates(data map[string][]byte, cluster string, names []string) error {
	parent, err := certificates.NewAuthority("gpk "+cluster, certificateLife)
	if err != nil {
		return err
	}
	server, err := parent.Server(cluster, names, certificateLife)
	if err != nil {
		return err
	}
	client, err := parent.Client(segments.Administrator, certificateLife)
	data[authority] = parent.Certificate
	data[serverCertificate], data[serverKey] = server.Certificate, server.Key
	data[clientCertificate], data[clientKey] = client.Certificate, client.Key
	return err
}

func lacksAny(data map[string][]byte, files []string) bool {
	return slices.ContainsFunc(files, func(file string) bool { return len(data[file]) == 0 })
}

// newKeys adds both pairs to the data of a Secret.
func newKeys(data map[string][]byte, cluster string) error {
	user, userPublic, err := keyPair("gpadmin@" + cluster)
	if err != nil {
		return err
	}
	host, hostPublic, err := keyPair(cluster)
	if err != nil {
		return err
	}
	data[userKey], data[authorizedKeys] = user, append([]byte(restriction), userPublic...)
	data[hostKey], data[knownHosts] = host, append([]byte("* "), hostPublic...)
	return nil
}

// keyPair makes an ed25519 key in OpenSSH's form, and its public line.
func keyPair(comment string) (private, public []byte, err error) {
	publicKey, privateKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("ssh key: %w", err)
	}
	block, err := ssh.MarshalPrivateKey(privateKey, comment)
	if err != nil {
		return nil, nil, fmt.Errorf("ssh key: %w", err)
	}
	sshKey, err := ssh.NewPublicKey(publicKey)
	if err != nil {
		return nil, nil, fmt.Errorf("ssh key: %w", err)
	}
	return pem.EncodeToMemory(block), ssh.MarshalAuthorizedKey(sshKey), nil
}
