package apply

import (
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"gpk/pkg/apply/certificates"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
	"gpk/test/apitest"
)

// The certificates are those of the pod's files and of the servers that show one. What ends within 30 days is told, in gpk status too.
func TestCertificates(t *testing.T) {
	authority, err := certificates.NewAuthority("gpk demo", 25*24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	server, err := authority.Server("demo", []string{"demo-coordinator", "10.0.0.1"}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	earlier := false
	a := apitest.New()
	pod := apitest.Pod("demo-coordinator-0", apitest.Runs(), true)
	pod.Labels[plan.ComponentLabel] = string(topology.CoordinatorComponent)
	a.Put(pod)
	a.Exec = func(_ string, argv []string, _ io.Reader, out, errs io.Writer) int {
		switch command := strings.Join(argv, " "); {
		case strings.Contains(command, "instances.sh"):
			_, _ = io.WriteString(out, "marker initialised\nend\n"+`[{"dbid":1,"content":-1,"role":"p","preferred_role":"p","mode":"n","status":"u",`+
				`"port":5432,"hostname":"demo-coordinator-0","address":"demo-coordinator-0","datadir":"/greenplum/coordinator/gpseg-1"}]`+"\n")
		case strings.Contains(command, "hba.sh show") && earlier:
			_, _ = io.WriteString(errs, "unknown verb: show\n")
			return 2
		case strings.Contains(command, "hba.sh show"):
			fmt.Fprintf(out, "certificate /gpk/ssh/ca.crt %s\ncertificate /gpk/ssh/server.crt %s\nend\n",
				base64.StdEncoding.EncodeToString(authority.Certificate), base64.StdEncoding.EncodeToString(server.Certificate))
		case strings.Contains(command, "health.sh"):
			_, _ = io.WriteString(errs, "/bin/bash: /gpk/scripts/health.sh: No such file or directory\n")
			return 127
		case argv[len(argv)-1] == "5432":
			_, _ = io.WriteString(out, "N")
		}
		return 0
	}
	target := clusterFor(t, apitest.Served(t, a))
	found, err := CertificatesOf(t.Context(), target)
	if err != nil || len(found.Certificates) != 2 || len(found.Warnings) != 2 {
		t.Fatalf("%+v, error %v", found, err)
	}
	at := slices.IndexFunc(found.Certificates, func(c KnownCertificate) bool { return c.Of == "the servers, among the pods" })
	if at < 0 || !slices.Equal(found.Certificates[at].Names, []string{"demo-coordinator", "10.0.0.1"}) || found.Certificates[at].Issuer != "gpk demo" {
		t.Errorf("%+v", found.Certificates)
	}
	status, err := StatusOf(t.Context(), target)
	if err != nil || !slices.Equal(status.Warnings, found.Warnings) || !strings.Contains(strings.Join(status.Warnings, "; "), "the certificate of the pods' authority expires on") {
		t.Errorf("status warns %q, error %v", status.Warnings, err)
	}
	earlier = true
	if _, err := CertificatesOf(t.Context(), target); err == nil || !strings.Contains(err.Error(), "the scripts of an earlier gpk") {
		t.Errorf("with earlier scripts: %v", err)
	}
	if status, err := StatusOf(t.Context(), target); err != nil || len(status.Warnings) != 0 {
		t.Errorf("then status warns %q, error %v", status.Warnings, err)
	}
}
