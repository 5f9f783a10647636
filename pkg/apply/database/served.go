package database

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// Served is the certificate that a server in a pod shows to clients, found by a handshake.
func (c *ClientAuthentication) Served(ctx context.Context, pod string, port int32) (*x509.Certificate, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, AskTimeout, fmt.Errorf("no answer within %s", AskTimeout))
	defer cancel()
	conn, err := c.remote.Dial(ctx, pod, net.JoinHostPort("127.0.0.1", fmt.Sprint(port)))
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write(segments.SSLRequest); err != nil {
		return nil, fmt.Errorf("pod %s, port %d: %w", pod, port, err)
	}
	var answer [1]byte
	if _, err := io.ReadFull(conn, answer[:]); err != nil {
		return nil, fmt.Errorf("pod %s, port %d: %w", pod, port, err)
	}
	if answer[0] != segments.Encrypted {
		return nil, &PlainError{pod}
	}
	// The look is at the certificate. Nothing is sent to the server.
	client := tls.Client(conn, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // the caller judges it
	if err := client.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("pod %s, port %d: handshake: %w", pod, port, err)
	}
	return client.ConnectionState().PeerCertificates[0], nil
}

// PlainError is that a server does not encrypt.
type PlainError struct{ pod string }

// Error names the pod.
func (e *PlainError) Error() string {
	return "the server in pod " + e.pod + " does not encrypt connections"
}

// Shown is a coordinator with the certificate that it shows to clients.
type Shown struct {
	segments.Row
	Certificate *x509.Certificate
}

// ShownByCoordinators are the certificates that the coordinator and the standby show. Those that do not tell are left out.
func (c *ClientAuthentication) ShownByCoordinators(ctx context.Context, acting Acting) []Shown {
	var coordinators segments.Catalogue
	for _, row := range acting.Catalogue.Up() {
		if !row.IsSegment() && c.remote.Ways.Unreachable(remote.ByExec(row.Pod())) == nil {
			coordinators = append(coordinators, row)
		}
	}
	found := make([]*x509.Certificate, len(coordinators))
	_ = engine.Each(ctx, coordinators, func(ctx context.Context, i int, row segments.Row) error {
		found[i], _ = c.Served(ctx, row.Pod(), row.Port)
		return nil
	})
	var shown []Shown
	for i, row := range coordinators {
		if found[i] != nil {
			shown = append(shown, Shown{row, found[i]})
		}
	}
	return shown
}

// Renew has the servers of a pod read certificates that have changed.
func (c *ClientAuthentication) Renew(ctx context.Context, pod string) (segments.Renewed, error) {
	out, err := c.remote.RunSoon(ctx, pod, segments.RenewCertificates(), AskTimeout)
	if err != nil {
		return segments.Renewed{}, err
	}
	return segments.ParseRenewed(out)
}

// Certificates are the certificates in a pod that are nobody's secret.
func (c *ClientAuthentication) Certificates(ctx context.Context, pod string) ([]segments.CertificateFile, error) {
	out, err := c.remote.RunSoon(ctx, pod, segments.ShowCertificates(), AskTimeout)
	if exit, exited := errors.AsType[*remote.Error](err); exited && exit.UnknownVerb() {
		return nil, &engine.NextError{Err: fmt.Errorf("pod %s has the scripts of an earlier gpk, which list no certificates", pod),
			Next: engine.Next("bring the scripts of this gpk, and ask again two minutes later: ", plan.Gpk("create", "-f", "cluster.yaml"))}
	}
	if err != nil {
		return nil, err
	}
	return segments.ParseCertificates(out)
}
