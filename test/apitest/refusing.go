package apitest

import (
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// SetResource is that of stateful sets.
var SetResource = schema.GroupResource{Group: "apps", Resource: "statefulsets"} //nolint:gochecknoglobals // Go has no constant structs

// Unmounted is how an API server refuses the mount of a missing volume.
func Unmounted(name string) error {
	at := field.NewPath("spec", "template", "spec", "containers").Index(0).Child("volumeMounts").Index(5).Child("name")
	return apierrors.NewInvalid(schema.GroupKind{Group: "apps", Kind: "StatefulSet"}, name, field.ErrorList{field.NotFound(at, "nothing")})
}

// Refusing has the API refuse to apply a StatefulSet, as a dry run or not.
func Refusing(name string, err error) func(*http.Request) error {
	return func(r *http.Request) error {
		if r.Method == http.MethodPatch && strings.HasSuffix(r.URL.Path, "/statefulsets/"+name) {
			return err
		}
		return nil
	}
}
