package storage

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"

	"github.com/minio/minio-go/v7"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
)

// Unusable is a storage that does not serve, with what a person can do. It is a finding, and no failure.
type Unusable struct {
	Why  string
	Next engine.Advice
}

// Error says why.
func (e *Unusable) Error() string { return e.Why }

// Blocks is the error as the finding of a step.
func (e *Unusable) Blocks() engine.Finding {
	return engine.Finding{State: engine.Blocked, Details: []string{e.Why}, Next: e.Next}
}

func unusable(why string, next ...any) error { return &Unusable{why, engine.Next(next...)} }

// fault says in words what is wrong with a request. It has no part of the key.
func (b *Bucket) fault(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if known := b.answered(minio.ToErrorResponse(err)); known != nil {
		return known
	}
	if known := b.unconnected(err); known != nil {
		return known
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	// The address in the error has the path of a file, and is long.
	if request, ok := errors.AsType[*url.Error](err); ok {
		err = request.Err
	}
	return fmt.Errorf("%s: %w", b.where, err)
}

// answered is what the storage itself says.
func (b *Bucket) answered(said minio.ErrorResponse) error {
	switch said.Code {
	case "NoSuchBucket":
		return unusable("the "+b.where+" does not exist", "make the bucket, or correct spec.backup.storage.s3.bucket; gpk makes none")
	case "InvalidAccessKeyId", "InvalidAccessKeyID", "XAdminUserNotFound":
		return unusable("the "+b.where+" does not know the key in AWS_ACCESS_KEY_ID", "correct the Secret in spec.backup.storage.s3.secret")
	case "SignatureDoesNotMatch":
		return unusable("the "+b.where+" refuses the key: AWS_SECRET_ACCESS_KEY does not belong to AWS_ACCESS_KEY_ID",
			"correct the Secret in spec.backup.storage.s3.secret")
	case "AccessDenied", "AllAccessDisabled":
		return unusable("the "+b.where+" refuses the key: it may not list, read, write and delete there",
			"give the key these rights on the bucket, or put another key into the Secret in spec.backup.storage.s3.secret")
	case "RequestTimeTooSkewed":
		return unusable("the "+b.where+" has another time than this machine: "+said.Message, "correct the clock of this machine")
	case "AuthorizationHeaderMalformed", "PermanentRedirect", "InvalidRegion":
		return unusable("the "+b.where+" is in another region: "+said.Message, "correct spec.backup.storage.s3.region")
	}
	return nil
}

// unconnected is why there is no connection that counts.
func (b *Bucket) unconnected(err error) error {
	unknown, isUnknown := errors.AsType[x509.UnknownAuthorityError](err)
	hostname, isHostname := errors.AsType[x509.HostnameError](err)
	invalid, isInvalid := errors.AsType[x509.CertificateInvalidError](err)
	_, isPlain := errors.AsType[tls.RecordHeaderError](err)
	apart, isApart := errors.AsType[*remote.UnconnectedError](err)
	switch {
	case isUnknown:
		return unusable("the certificate of the "+b.where+" is not trusted: "+unknown.Error(),
			"put the certificate of those that certify it into the key ca.crt of a Secret, and name that in spec.backup.storage.s3.caSecret")
	case isHostname:
		return unusable("the certificate of the "+b.where+" is for other names: "+hostname.Error(), "correct spec.backup.storage.s3.endpoint")
	case isInvalid:
		return unusable("the certificate of the "+b.where+" does not count: "+invalid.Error(), "renew it")
	case isPlain:
		return unusable("the "+b.where+" does not speak TLS", "correct spec.backup.storage.s3.endpoint")
	case isApart && apart.Scriptless():
		return unusable("pod "+apart.Pod+" has the scripts of an earlier gpk", plan.Gpk("create", "-f", "cluster.yaml", "--update"),
			" updates them. They reach the pods within two minutes")
	case isApart:
		return unusable(fmt.Sprintf("the %s is unreachable: %s", b.where, apart.Error()),
			"start the storage, or correct spec.backup.storage.s3.endpoint, then run this again")
	}
	return nil
}
