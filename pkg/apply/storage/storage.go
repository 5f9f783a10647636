// Package storage owns the bucket of the backups as gpk finds it: its key, the files of the backups in it, and why it cannot be reached. It
// goes there through a pod of the cluster: what counts is what the pods reach.
package storage

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/remote"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// Bucket is the folder of the backups in their bucket.
type Bucket struct {
	client         *minio.Client
	bucket, folder string
	// where names both for people.
	where string
}

const (
	// tries is how often a request is made while the storage does not answer it.
	tries = 4
	// patience bounds the reading of one small file, or of one list.
	patience = time.Minute
)

// Open is the bucket of a cluster, through one of its pods. It makes no request.
func Open(ctx context.Context, k *kube.Client, r *remote.Pods, c *topology.Cluster, pod string) (*Bucket, error) {
	key, err := Key(ctx, k, c)
	if err != nil {
		return nil, err
	}
	return open(c, key, func(ctx context.Context, _, address string) (net.Conn, error) { return r.Dial(ctx, pod, address) })
}

func open(c *topology.Cluster, key segments.BucketKey, dial func(context.Context, string, string) (net.Conn, error)) (*Bucket, error) {
	s3 := c.S3()
	endpoint := s3.Endpoint
	if endpoint == "" {
		endpoint = "https://s3." + s3.Region + ".amazonaws.com"
	}
	at, err := url.Parse(endpoint)
	if err != nil {
		return nil, fmt.Errorf("spec.backup.storage.s3.endpoint: %w", err)
	}
	trusted := &tls.Config{MinVersion: tls.VersionTLS12}
	if key.CA != "" {
		trusted.RootCAs = x509.NewCertPool()
		trusted.RootCAs.AppendCertsFromPEM([]byte(key.CA))
	}
	client, err := minio.New(at.Host, &minio.Options{
		Creds: credentials.NewStaticV4(key.ID, key.Secret, ""), Secure: at.Scheme == "https", Region: s3.Region,
		BucketLookup: minio.BucketLookupPath, MaxRetries: tries,
		Transport: &http.Transport{DialContext: dial, TLSClientConfig: trusted, MaxIdleConnsPerHost: width, MaxConnsPerHost: width,
			IdleConnTimeout: patience},
	})
	if err != nil {
		return nil, fmt.Errorf("spec.backup.storage.s3: %w", err)
	}
	return &Bucket{client, s3.Bucket, c.BackupFolder() + "/", fmt.Sprintf("bucket %s at %s", s3.Bucket, endpoint)}, nil
}

// width is how many requests gpk makes at once.
const width = 8

// Close ends the connections.
func (b *Bucket) Close() { b.client.CredContext().Client.CloseIdleConnections() }

// list hands on the objects below a prefix until one is an error. With delimiter, what is below a further / is one entry.
func (b *Bucket) list(ctx context.Context, prefix string, deep bool, each func(minio.ObjectInfo)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for object := range b.client.ListObjects(ctx, b.bucket, minio.ListObjectsOptions{Prefix: b.folder + prefix, Recursive: deep}) {
		if object.Err != nil {
			return b.fault(ctx, object.Err)
		}
		object.Key = strings.TrimPrefix(object.Key, b.folder+prefix)
		each(object)
	}
	return ctx.Err()
}

// Reach makes a small request, whose error says in words why the storage does not serve.
func (b *Bucket) Reach(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("no answer of the %s within %s", b.where, patience))
	defer cancel()
	return b.list(ctx, "backups/", false, func(minio.ObjectInfo) {})
}

// Timestamps are the backups that the bucket has anything of, the latest first.
func (b *Bucket) Timestamps(ctx context.Context) ([]string, error) {
	var days, found []string
	err := b.list(ctx, "backups/", false, func(o minio.ObjectInfo) { days = append(days, o.Key) })
	for _, day := range days {
		if err == nil {
			err = b.list(ctx, "backups/"+day, false, func(o minio.ObjectInfo) {
				if name := strings.TrimSuffix(o.Key, "/"); segments.IsTimestamp(name) && name[:8]+"/" == day {
					found = append(found, name)
				}
			})
		}
	}
	slices.Sort(found)
	slices.Reverse(found)
	return found, err
}

// Files are the files of a backup with their bytes.
func (b *Bucket) Files(ctx context.Context, timestamp string) (map[string]int64, error) {
	files := map[string]int64{}
	err := b.list(ctx, segments.BackupFolder(timestamp), true, func(o minio.ObjectInfo) { files[o.Key] = o.Size })
	return files, err
}

// File reads a small file of a backup. A file that does not exist is nil.
func (b *Bucket) File(ctx context.Context, timestamp, file string) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("no answer of the %s within %s", b.where, patience))
	defer cancel()
	name := segments.BackupFile(timestamp, file)
	object, err := b.client.GetObject(ctx, b.bucket, b.folder+segments.BackupFolder(timestamp)+name, minio.GetObjectOptions{})
	if err != nil {
		return nil, b.fault(ctx, err)
	}
	defer object.Close() //nolint:errcheck // it was read only
	data, err := io.ReadAll(object)
	if minio.ToErrorResponse(err).Code == minio.NoSuchKey {
		return nil, nil
	}
	return data, b.fault(ctx, err)
}

// Delete deletes the files of a backup. The configuration goes first: what is left of a deletion that was interrupted is no whole backup.
func (b *Bucket) Delete(ctx context.Context, timestamp string) error {
	folder := b.folder + segments.BackupFolder(timestamp)
	config := folder + segments.BackupFile(timestamp, segments.ConfigFile)
	if err := b.client.RemoveObject(ctx, b.bucket, config, minio.RemoveObjectOptions{}); err != nil {
		return b.fault(ctx, err)
	}
	files, err := b.Files(ctx, timestamp)
	if err != nil {
		return err
	}
	doomed := make(chan minio.ObjectInfo)
	go func() {
		defer close(doomed)
		for file := range files {
			select {
			case doomed <- minio.ObjectInfo{Key: folder + file}:
			case <-ctx.Done():
				return
			}
		}
	}()
	var fault error
	for failed := range b.client.RemoveObjects(ctx, b.bucket, doomed, minio.RemoveObjectsOptions{}) {
		fault = failed.Err
	}
	return b.fault(ctx, fault)
}
