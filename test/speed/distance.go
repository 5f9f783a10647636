package main

import (
	"context"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"time"

	"k8s.io/client-go/tools/clientcmd"

	"gpk/test/kube"
)

// roundTrip is how far away the distant API server is: as far as one of a cloud's region from a CI machine elsewhere on the
// same continent.
const roundTrip = 40 * time.Millisecond

// distant has the API server of a kubeconfig answer a round trip later, behind a proxy on this machine, until the context ends.
func (m *measure) distant(ctx context.Context) (*measure, error) {
	config, err := clientcmd.LoadFromFile(m.kubeconfig)
	if err != nil {
		return nil, err
	}
	for name, cluster := range config.Clusters {
		server, err := url.Parse(cluster.Server)
		if err != nil {
			return nil, err
		}
		port := server.Port()
		if port == "" {
			port = "443"
		}
		address, err := delayed(ctx, net.JoinHostPort(server.Hostname(), port), roundTrip/2)
		if err != nil {
			return nil, err
		}
		if cluster.TLSServerName == "" {
			cluster.TLSServerName = server.Hostname()
		}
		server.Host = address
		cluster.Server = server.String()
		config.Clusters[name] = cluster
	}
	far := *m
	far.kubeconfig = filepath.Join(m.dir, "distant.kubeconfig")
	if err := clientcmd.WriteToFile(*config, far.kubeconfig); err != nil {
		return nil, err
	}
	far.kube, err = kube.Connect(ctx, far.kubeconfig)
	return &far, err
}

// delayed listens on loopback and hands every byte on to an address, each way after a delay. It gives its own address.
func delayed(ctx context.Context, to string, delay time.Duration) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	context.AfterFunc(ctx, func() { _ = listener.Close() })
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := (&net.Dialer{}).DialContext(ctx, "tcp", to)
			if err != nil {
				_ = near.Close()
				continue
			}
			go carry(near, far, delay)
			go carry(far, near, delay)
		}
	}()
	return listener.Addr().String(), nil
}

// chunk is what was read at once, and when it is to be written.
type chunk struct {
	data []byte
	due  time.Time
}

// carry writes what it reads, later, and closes both ends when one is closed.
func carry(from io.Reader, to io.WriteCloser, delay time.Duration) {
	under := make(chan chunk, 4096)
	go func() {
		defer close(under)
		for {
			data := make([]byte, 32<<10)
			n, err := from.Read(data)
			if n > 0 {
				under <- chunk{data[:n], time.Now().Add(delay)}
			}
			if err != nil {
				return
			}
		}
	}()
	for c := range under {
		time.Sleep(time.Until(c.due))
		if _, err := to.Write(c.data); err != nil {
			break
		}
	}
	_ = to.Close()
	for range under { // The reader is not to wait for a writer that has gone.
	}
}
