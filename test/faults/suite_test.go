//go:build faults

package faults

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"gpk/test/kube"
)

// suite is what the cases share. Nothing in it changes once they run, but for the results.
type suite struct {
	kubeconfig, image, bench, gpk string
	*kube.Kube
	results *results
	wanted  wanted
}

// shared is set by TestMain, which has no other way to hand something to the tests.
var shared suite

func TestMain(m *testing.M) {
	err := flag.Set("test.parallel", "2")
	if err == nil {
		flag.Parse()
		shared, err = newSuite()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(filepath.Dir(shared.gpk))
	os.Exit(code)
}

func newSuite() (suite, error) {
	s := suite{kubeconfig: os.Getenv("GPK_TEST_KUBECONFIG"), image: os.Getenv("GPK_TEST_IMAGE"), bench: os.Getenv("GPK_TEST_BENCH")}
	if s.kubeconfig == "" || s.image == "" {
		return s, fmt.Errorf("the cases make and break clusters, so name a Kubernetes and a database image for them: " +
			"GPK_TEST_KUBECONFIG=FILE GPK_TEST_IMAGE=NAME:TAG")
	}
	var err error
	if s.wanted, err = wantedFrom(os.Getenv); err != nil {
		return s, err
	}
	if s.Kube, err = kube.Connect(context.Background(), s.kubeconfig); err != nil {
		return s, fmt.Errorf("GPK_TEST_KUBECONFIG: %w", err)
	}
	folder, err := os.MkdirTemp("", "gpk-faults-")
	if err != nil {
		return s, err
	}
	s.gpk = filepath.Join(folder, "gpk")
	if out, err := exec.Command("go", "build", "-o", s.gpk, "gpk/cmd/gpk").CombinedOutput(); err != nil {
		return s, fmt.Errorf("go build gpk/cmd/gpk: %w\n%s", err, out)
	}
	s.results, err = readResults()
	if err == nil {
		err = s.results.ranOn(s)
	}
	return s, err
}

// version is the first line that gpk says of itself, and the API server's.
func (s suite) versions() (gpk, kubernetes string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, s.gpk, "--version").Output()
	if err != nil {
		return "", "", fmt.Errorf("gpk --version: %w", err)
	}
	server, err := s.Client.Discovery().ServerVersion()
	if err != nil {
		return "", "", fmt.Errorf("GPK_TEST_KUBECONFIG: the API server does not answer: %w", err)
	}
	return string(out), server.GitVersion, nil
}
