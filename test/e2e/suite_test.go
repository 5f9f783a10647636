//go:build e2e

package e2e

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gpk/test/kube"
)

// patience is how long one test may take, its cleaning up aside.
const patience = 15 * time.Minute

// suite is what the tests share. Nothing in it changes once the tests run.
type suite struct {
	// kubeconfig is the administrator's; image is the database's.
	kubeconfig, image string
	// otherUser is an image whose gpadmin has another uid than the pods' user, or image if none is named.
	otherUser string
	// flavours are images that are laid out as those of Greenplum's relatives.
	flavours []string
	// bench is the command of the bench that the cluster is, or empty if it is none.
	bench string
	// gpk is the path of the binary.
	gpk string
	*kube.Kube
}

// shared is set by TestMain, which has no other way to hand something to the tests.
var shared suite

func TestMain(m *testing.M) {
	// A database cluster is heavy: two at once, unless the command line says otherwise with -parallel.
	err := flag.Set("test.parallel", "2")
	if err == nil {
		flag.Parse()
		shared, err = newSuite()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(filepath.Dir(shared.gpk))
	os.Exit(code)
}

func newSuite() (suite, error) {
	s := suite{kubeconfig: os.Getenv("GPK_TEST_KUBECONFIG"), image: os.Getenv("GPK_TEST_IMAGE"), bench: os.Getenv("GPK_TEST_BENCH")}
	if s.kubeconfig == "" || s.image == "" {
		return s, fmt.Errorf("these tests make and delete clusters, so name a Kubernetes and a database image for them: " +
			"GPK_TEST_KUBECONFIG=FILE GPK_TEST_IMAGE=NAME:TAG")
	}
	s.otherUser = cmp.Or(os.Getenv("GPK_TEST_OTHER_USER"), s.image)
	s.flavours = strings.Fields(os.Getenv("GPK_TEST_FLAVOURS"))
	var err error
	if s.Kube, err = kube.Connect(context.Background(), s.kubeconfig); err != nil {
		return s, fmt.Errorf("GPK_TEST_KUBECONFIG: %w", err)
	}
	folder, err := os.MkdirTemp("", "gpk-e2e-")
	if err != nil {
		return s, err
	}
	s.gpk = filepath.Join(folder, "gpk")
	if out, err := exec.Command("go", "build", "-o", s.gpk, "gpk/cmd/gpk").CombinedOutput(); err != nil {
		return s, fmt.Errorf("go build gpk/cmd/gpk: %w\n%s", err, out)
	}
	return s, nil
}
