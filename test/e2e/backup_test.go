//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// secretCanary is the key of the bucket, which nobody may see.
const secretCanary = "canary-of-the-bucket"

// TestBackup backs up a database, restores and verifies it. It needs an image with gpbackup (GPK_TEST_BACKUP), and one of versitygw, a
// server of S3 (GPK_TEST_S3).
func TestBackup(t *testing.T) {
	database, storage := os.Getenv("GPK_TEST_BACKUP"), os.Getenv("GPK_TEST_S3")
	if database == "" || storage == "" {
		t.Skip("GPK_TEST_BACKUP and GPK_TEST_S3 name no images")
	}
	t.Parallel()
	c := newCluster(t, shape{primaries: 2, image: database})
	c.storage(storage)
	c.file = c.changed("backup.yaml", "  database:\n",
		"  backup: {storage: {s3: {endpoint: \"http://s3:7070\", bucket: backups, secret: bucket}}}\n  database:\n")
	c.gpk("create", "-f", c.file).want(t, 0)
	c.sql("analytics", "create table sales as select i, md5(i::text) as m from generate_series(1, 2000) i distributed by (i)")
	const sum = "select count(*), md5(string_agg(m, '' order by i)) from sales"
	before := c.sql("analytics", sum)

	c.gpk("backup", "--database", "nope").want(t, 1).says(t, "there is no database nope")
	c.gpk("backup", "--incremental").want(t, 1).says(t, "no complete backup")
	c.gpk("backup", "--name", "first", "-v").want(t, 0)
	var backups []struct{ Timestamp, State, Database, Name string }
	c.must(nil, json.Unmarshal([]byte(c.gpk("backup", "list", "-o", "json").want(t, 0).stdout), &backups))
	if len(backups) != 1 || backups[0].State != "complete" || backups[0].Database != "analytics" || backups[0].Name != "first" {
		t.Fatalf("%+v", backups)
	}
	first := backups[0].Timestamp
	c.gpk("backup", "verify", first).want(t, 0)
	c.gpk("restore", first, "--create-db").want(t, 1).says(t, "exists already")
	c.gpk("restore", first, "--into", "again", "--create-db").want(t, 0)
	if after := c.sql("again", sum); after != before {
		t.Errorf("%s was restored, want %s", after, before)
	}
	if left := c.sql("postgres", "select count(*) from pg_database where datname like 'gpk_verify%'"); left != "0" {
		t.Errorf("%s scratch databases are left", left)
	}
	c.gpk("backup", "delete", first).want(t, 2)
	c.gpk("backup", "delete", first, "--yes").want(t, 0)
	c.gpk("restore", first, "--into", "again", "--create-db").want(t, 1).says(t, "no such backup")
	for _, run := range c.runs {
		if strings.Contains(run.out.String()+run.err.String(), secretCanary) {
			t.Errorf("the key of the bucket was printed")
		}
	}
}

// storage makes a server of S3 with a bucket, and the Secret with its key.
func (c *cluster) storage(image string) {
	c.t.Helper()
	core := shared.Client.CoreV1()
	keys := map[string]string{"AWS_ACCESS_KEY_ID": "someone", "AWS_SECRET_ACCESS_KEY": secretCanary}
	c.must(core.Secrets(c.namespace).Create(c.ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "bucket"}, StringData: keys},
		metav1.CreateOptions{}))
	c.must(core.Services(c.namespace).Create(c.ctx, &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "s3"}, Spec: corev1.ServiceSpec{
		Selector: map[string]string{"app": "s3"}, Ports: []corev1.ServicePort{{Port: 7070, TargetPort: intstr.FromInt32(7070)}}}},
		metav1.CreateOptions{}))
	c.must(core.Pods(c.namespace).Create(c.ctx, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "s3", Labels: map[string]string{"app": "s3"}},
		Spec: corev1.PodSpec{
			SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: new(true), RunAsUser: ptr.To[int64](1000), FSGroup: ptr.To[int64](1000),
				SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}},
			Volumes: []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}},
			Containers: []corev1.Container{{Name: "s3", Image: image, Args: []string{"--port", ":7070", "posix", "/data"},
				Env:          []corev1.EnvVar{{Name: "ROOT_ACCESS_KEY", Value: "someone"}, {Name: "ROOT_SECRET_KEY", Value: secretCanary}},
				VolumeMounts: []corev1.VolumeMount{{Name: "data", MountPath: "/data"}},
				SecurityContext: &corev1.SecurityContext{AllowPrivilegeEscalation: new(false),
					Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}}}},
		}}, metav1.CreateOptions{}))
	c.eventually("the storage has a bucket", func() (bool, error) {
		pod, err := core.Pods(c.namespace).Get(c.ctx, "s3", metav1.GetOptions{})
		if err != nil || pod.Status.PodIP == "" {
			return false, err
		}
		client, err := minio.New(pod.Status.PodIP+":7070", &minio.Options{MaxRetries: 1,
			Creds: credentials.NewStaticV4("someone", secretCanary, "")})
		if err == nil {
			err = client.MakeBucket(c.ctx, "backups", minio.MakeBucketOptions{})
		}
		return err == nil, err
	})
}
