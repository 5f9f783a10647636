package storage

import (
	"context"
	"crypto/x509"
	"fmt"
	"strings"
	"unicode"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/kube"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// The keys of the Secrets. The first two are the names that the tools of S3 have for them.
const (
	keyID     = "AWS_ACCESS_KEY_ID"
	keySecret = "AWS_SECRET_ACCESS_KEY" //nolint:gosec // a name
	caKey     = "ca.crt"
)

// Key is the key of the bucket of a cluster, from its Secret.
func Key(ctx context.Context, k *kube.Client, c *topology.Cluster) (segments.BucketKey, error) {
	s3 := c.S3()
	if s3 == nil {
		return segments.BucketKey{}, unusable("the cluster.yaml of "+c.Metadata.Name+" names no storage of backups",
			"give spec.backup.storage.s3, and run ", plan.Gpk("create", "-f", "cluster.yaml", "--update"))
	}
	found, err := secret(ctx, k, s3.Secret, "with the key of the bucket",
		fmt.Sprintf("--from-file=%s=FILE --from-file=%s=FILE", keyID, keySecret))
	if err != nil {
		return segments.BucketKey{}, err
	}
	key := segments.BucketKey{ID: text(found, keyID), Secret: text(found, keySecret)}
	for _, name := range []string{keyID, keySecret} {
		if value := text(found, name); value == "" || strings.ContainsFunc(value, blank) {
			return segments.BucketKey{}, unusable(fmt.Sprintf("Secret %s: the key %s is missing, empty, or has spaces in it", s3.Secret, name),
				fmt.Sprintf("correct the Secret with kubectl: it needs %s and %s", keyID, keySecret))
		}
	}
	if s3.CASecret == "" {
		return key, nil
	}
	found, err = secret(ctx, k, s3.CASecret, "with the certificates that certify the endpoint", "--from-file="+caKey+"=FILE")
	if err != nil {
		return segments.BucketKey{}, err
	}
	key.CA = text(found, caKey) + "\n"
	if !x509.NewCertPool().AppendCertsFromPEM([]byte(key.CA)) {
		return segments.BucketKey{}, unusable(fmt.Sprintf("Secret %s: the key %s has no certificate in PEM", s3.CASecret, caKey),
			"correct the Secret with kubectl")
	}
	return key, nil
}

func secret(ctx context.Context, k *kube.Client, name, what, flags string) (*corev1.Secret, error) {
	found, err := k.API.CoreV1().Secrets(k.Ref.Namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, unusable("Secret "+name+" "+what+" does not exist",
			fmt.Sprintf("create it: kubectl create secret generic %s -n %s %s", name, k.Ref.Namespace, flags))
	}
	if err != nil {
		return nil, fmt.Errorf("the Secret %s %s: %w", name, what, err)
	}
	return found, nil
}

func blank(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// text is a value without the newline at its end, which a file often has.
func text(s *corev1.Secret, key string) string { return strings.TrimRight(string(s.Data[key]), "\r\n") }
