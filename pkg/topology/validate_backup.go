package topology

import (
	"net/url"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

var (
	// bucketName is what S3 allows in a name by which a bucket is reached.
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	regionName = regexp.MustCompile(`^[A-Za-z0-9-]{1,63}$`)
	// folderName keeps to what no tool needs quotes for.
	folderName = regexp.MustCompile(`^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$`)
)

func (v *validator) backup(b *Backup, path *field.Path) {
	if b == nil || b.Storage.S3 == nil {
		return
	}
	s3, path := b.Storage.S3, path.Child("storage", "s3")
	// It may have a secret in it.
	if fault := endpointFault(s3.Endpoint); fault != "" {
		v.fault(path.Child("endpoint"), "not allowed: %s", fault)
	}
	v.matches(path.Child("bucket"), s3.Bucket, bucketName, "give the name of a bucket: 3 to 63 lower-case letters, digits, dots and hyphens")
	v.matches(path.Child("region"), s3.Region, regionName, "give a region such as eu-central-1")
	if s3.Folder != "" {
		v.matches(path.Child("folder"), s3.Folder, folderName, "give names of letters, digits, dots, _ and -, with one / between them")
	}
	if s3.Secret == "" {
		v.fault(path.Child("secret"), "missing: give the name of the Secret with the key of the bucket")
	}
	v.objectName(path.Child("secret"), s3.Secret)
	v.objectName(path.Child("caSecret"), s3.CASecret)
}

// matches refuses a text that a pattern does not allow. One that is missing is a fault of its own.
func (v *validator) matches(path *field.Path, text string, pattern *regexp.Regexp, wanted string) {
	switch {
	case text == "":
		v.fault(path, "missing: %s", wanted)
	case !pattern.MatchString(text):
		v.refuse(path, text, "%s", wanted)
	}
}

// endpointFault is what is wrong with the URL of a storage, or "".
func endpointFault(endpoint string) string {
	if endpoint == "" {
		return ""
	}
	u, err := url.Parse(endpoint)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		return "give a URL such as https://s3.example:9000"
	case u.User != nil:
		return "put the key of the bucket into a Secret, and name that in secret"
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return "give a URL without a path: the bucket and the folder have fields of their own"
	}
	return ""
}
