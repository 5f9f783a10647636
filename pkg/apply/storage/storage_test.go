package storage

import (
	"context"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"gpk/pkg/apply/remote"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// opened is a bucket at a server that answers with one function, which stands for the API of a storage.
func opened(t *testing.T, trusted bool, answer http.HandlerFunc) *Bucket {
	t.Helper()
	server := httptest.NewTLSServer(answer)
	t.Cleanup(server.Close)
	c := &topology.Cluster{Metadata: topology.Metadata{Name: "demo", Namespace: "analytics"}}
	c.Spec.Backup = &topology.Backup{Storage: topology.BackupStorage{S3: &topology.S3{Endpoint: server.URL, Region: "us-east-1", Bucket: "backups"}}}
	key := segments.BucketKey{ID: "someone", Secret: "the-secret", CA: "-"}
	if trusted {
		key.CA = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	}
	bucket, err := open(c, key, (&net.Dialer{}).DialContext)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bucket.Close)
	return bucket
}

func refusing(status int, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>as the storage says it</Message></Error>", code)
	}
}

func TestReach(t *testing.T) {
	for name, test := range map[string]struct {
		trusted bool
		answer  http.HandlerFunc
		want    string
	}{
		"no bucket":   {true, refusing(404, "NoSuchBucket"), "does not exist"},
		"unknown key": {true, refusing(403, "InvalidAccessKeyId"), "does not know the key in AWS_ACCESS_KEY_ID"},
		"wrong key":   {true, refusing(403, "SignatureDoesNotMatch"), "AWS_SECRET_ACCESS_KEY does not belong"},
		"few rights":  {true, refusing(403, "AccessDenied"), "may not list"},
		"certificate": {false, refusing(500, "never"), "is not trusted"},
	} {
		t.Run(name, func(t *testing.T) {
			err := opened(t, test.trusted, test.answer).Reach(t.Context())
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "the-secret") {
				t.Fatalf("%v", err)
			}
			unusable, ok := err.(*Unusable) //nolint:errorlint // it is the finding of a step as it is
			if !ok || unusable.Next.Empty() {
				t.Errorf("%T says nothing of what to do", err)
			}
		})
	}
}

func TestOutOfReach(t *testing.T) {
	bucket := opened(t, true, refusing(500, "never"))
	err := bucket.fault(t.Context(), fmt.Errorf("dial: %w", &remote.UnconnectedError{Pod: "demo-coordinator-0", Address: "s3:1", Why: "refused"}))
	if err == nil || !strings.Contains(err.Error(), "demo-coordinator-0 does not reach s3:1: refused") {
		t.Error(err)
	}
}

func TestTimestamps(t *testing.T) {
	bucket := opened(t, true, func(w http.ResponseWriter, r *http.Request) {
		list := map[string]string{
			"analytics/demo/backups/":          "20260131/ 20260201/ notes/",
			"analytics/demo/backups/20260131/": "20260131040000/ 20260131050000/ 20260201010101/ x/",
			"analytics/demo/backups/20260201/": "20260201040000/",
			"analytics/demo/backups/notes/":    "a/",
		}
		prefix := r.URL.Query().Get("prefix")
		_, _ = fmt.Fprint(w, "<ListBucketResult>")
		for name := range strings.FieldsSeq(list[prefix]) {
			_, _ = fmt.Fprintf(w, "<CommonPrefixes><Prefix>%s%s</Prefix></CommonPrefixes>", prefix, name)
		}
		_, _ = fmt.Fprint(w, "</ListBucketResult>")
	})
	found, err := bucket.Timestamps(context.Background())
	if want := []string{"20260201040000", "20260131050000", "20260131040000"}; err != nil || !slices.Equal(found, want) {
		t.Errorf("%q: %v", found, err)
	}
}
