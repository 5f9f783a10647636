package create

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// passwordsHandler checks the Secret with the roles' passwords before gpk makes anything. It changes nothing.
type passwordsHandler struct {
	engine.Nothing
	kube   *kube.Client
	action plan.Passwords
}

func (h *passwordsHandler) Check(ctx context.Context) (engine.Finding, error) {
	_, finding, err := passwords(ctx, h.kube, h.action.Secret)
	return finding, err
}

// roleKey is a name of a role that SQL takes in quotes. Apart from dots, a Secret's keys have no other letters.
var roleKey = regexp.MustCompile(`^[A-Za-z_][0-9A-Za-z_-]{0,62}$`) //nolint:gochecknoglobals // compiled once, never changed

// passwords are those of a Secret, by role. The finding is Done, or says what is wrong with the Secret.
func passwords(ctx context.Context, k *kube.Client, secret string) (map[string]string, engine.Finding, error) {
	found, err := k.API.CoreV1().Secrets(k.Ref.Namespace).Get(ctx, secret, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, engine.BlockedBy("Secret "+secret+" with the roles' passwords does not exist",
			fmt.Sprintf("create it, with a file for each role that ends without a newline: "+
				"kubectl create secret generic %s -n %s --from-file=ROLE=FILE", secret, k.Ref.Namespace)), nil
	}
	if err != nil {
		return nil, engine.Finding{}, fmt.Errorf("the passwords in Secret %s: %w", secret, err)
	}
	passwords := map[string]string{}
	var faults []string
	for _, role := range slices.Sorted(maps.Keys(found.Data)) {
		password := string(found.Data[role])
		switch {
		case !roleKey.MatchString(role):
			faults = append(faults, "the key "+role+" is not a role name")
		case role == "public", role == "none", strings.HasPrefix(role, "pg_"):
			faults = append(faults, "the name "+role+" is reserved")
		case password == "":
			faults = append(faults, "the password of "+role+" is empty")
		case strings.ContainsFunc(password, unicode.IsControl):
			faults = append(faults, "the password of "+role+" contains a newline or another control character")
		}
		passwords[role] = password
	}
	if len(found.Data) == 0 {
		faults = append(faults, "it has no key")
	}
	if len(faults) > 0 {
		return nil, engine.BlockedBy("Secret "+secret+": "+strings.Join(faults, "; "),
			"each key must be a role and its value the password; correct the Secret with kubectl and run this again"), nil
	}
	return passwords, engine.Finding{State: engine.Done}, nil
}

// rolesHandler makes the roles of the Secret and gives them their passwords. It leaves other roles alone.
type rolesHandler struct {
	kube   *kube.Client
	db     *database.Database
	action plan.Roles
}

// role is one that is missing or has another password than the Secret.
type role struct {
	name, password string
	exists         bool
}

func (h *rolesHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.db.WithActing(ctx, func(ctx context.Context, acting database.Acting) (engine.Finding, error) {
		roles, finding, err := h.outdated(ctx, acting)
		if err != nil || finding.State != engine.Done {
			return finding, err
		}
		var details []string
		for _, role := range roles {
			fault := " is missing"
			if role.exists {
				fault = " has another password"
			}
			details = append(details, "role "+role.name+fault)
		}
		return engine.PendingIf(details), nil
	})
}

// outdated are the roles to make or to change, in order. The finding is Done, or says what is wrong with the Secret.
func (h *rolesHandler) outdated(ctx context.Context, acting database.Acting) ([]role, engine.Finding, error) {
	wanted, finding, err := passwords(ctx, h.kube, h.action.Secret)
	if err != nil || finding.State != engine.Done {
		return nil, finding, err
	}
	names := slices.Sorted(maps.Keys(wanted))
	out, err := h.db.Query(ctx, acting, "postgres", segments.RolesSQL(names))
	if err != nil {
		return nil, finding, err
	}
	stored, err := segments.ParseRoles(out)
	var roles []role
	for _, name := range names {
		if verifier, exists := stored[name]; !segments.PasswordMatches(verifier, name, wanted[name]) {
			roles = append(roles, role{name, wanted[name], exists})
		}
	}
	return roles, finding, err
}

func (h *rolesHandler) Do(ctx context.Context, _ func(string)) error {
	acting, err := h.db.Acting(ctx)
	if err != nil {
		return err
	}
	roles, _, err := h.outdated(ctx, acting)
	if err != nil {
		return err
	}
	for _, role := range roles {
		verifier, err := segments.StorePassword(role.name, role.password)
		if err != nil {
			return fmt.Errorf("the password of role %s: %w", role.name, err)
		}
		if _, err := h.db.Query(ctx, acting, "postgres", segments.PasswordSQL(role.name, role.exists, verifier)); err != nil {
			return fmt.Errorf("role %s: %w", role.name, err)
		}
	}
	return nil
}
