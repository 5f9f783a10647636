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

// passwordsHandler finds out before anything is made whether the Secret of the passwords can be used. It makes nothing.
type passwordsHandler struct {
	engine.Nothing
	kube   *kube.Client
	action plan.Passwords
}

func (h *passwordsHandler) Check(ctx context.Context) (engine.Finding, error) {
	_, finding, err := passwords(ctx, h.kube, h.action.Secret)
	return finding, err
}

// roleKey keeps to what needs quotes in SQL only. A Secret's keys have no other letters than these anyway, but dots.
var roleKey = regexp.MustCompile(`^[A-Za-z_][0-9A-Za-z_-]{0,62}$`) //nolint:gochecknoglobals // compiled once, never changed

// passwords are those of a Secret by role, with the finding Done, or else with what is wrong with it.
func passwords(ctx context.Context, k *kube.Client, secret string) (map[string]string, engine.Finding, error) {
	found, err := k.API.CoreV1().Secrets(k.Ref.Namespace).Get(ctx, secret, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, engine.Finding{State: engine.Blocked, Details: []string{"Secret " + secret + " with the roles' passwords is not there"},
			Next: engine.Next(fmt.Sprintf("make it: kubectl create secret generic %s -n %s --from-file=ROLE=FILE, with a file without a newline at its end",
				secret, k.Ref.Namespace))}, nil
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
			faults = append(faults, "the key "+role+" is no name of a role")
		case role == "public", role == "none", strings.HasPrefix(role, "pg_"):
			faults = append(faults, "the database keeps the name "+role+" for itself")
		case password == "":
			faults = append(faults, "the password of "+role+" is empty")
		case strings.ContainsFunc(password, unicode.IsControl):
			faults = append(faults, "the password of "+role+" has a newline or another control character in it")
		}
		passwords[role] = password
	}
	if len(found.Data) == 0 {
		faults = append(faults, "it has no key")
	}
	if len(faults) > 0 {
		return nil, engine.Finding{State: engine.Blocked, Details: []string{"Secret " + secret + ": " + strings.Join(faults, "; ")},
			Next: engine.Next("each of its keys is a role and the value that role's password: mend it with kubectl and run this again")}, nil
	}
	return passwords, engine.Finding{State: engine.Done}, nil
}

// rolesHandler makes the roles of the Secret and gives them their passwords. Other roles are nobody's business.
type rolesHandler struct {
	kube   *kube.Client
	db     *database.Database
	action plan.Roles
}

func (h *rolesHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.db.LookAt(ctx, func(ctx context.Context, acting database.Acting) (engine.Finding, error) {
		wanted, finding, err := passwords(ctx, h.kube, h.action.Secret)
		if err != nil || finding.State != engine.Done {
			return finding, err
		}
		stored, err := h.stored(ctx, acting, wanted)
		return engine.PendingIf(outdatedRoles(wanted, stored)), err
	})
}

// outdatedRoles says what roles lack, in their order. Nothing of a password is in it.
func outdatedRoles(passwords, stored map[string]string) []string {
	var details []string
	for _, role := range slices.Sorted(maps.Keys(passwords)) {
		if verifier, exists := stored[role]; !exists {
			details = append(details, "role "+role+" is missing")
		} else if !segments.PasswordMatches(verifier, role, passwords[role]) {
			details = append(details, "role "+role+" has another password")
		}
	}
	return details
}

func (h *rolesHandler) stored(ctx context.Context, acting database.Acting, passwords map[string]string) (map[string]string, error) {
	out, err := h.db.Query(ctx, acting, "postgres", segments.RolesSQL(slices.Sorted(maps.Keys(passwords))))
	if err != nil {
		return nil, err
	}
	return segments.ParseRoles(out)
}

func (h *rolesHandler) Do(ctx context.Context, _ func(string)) error {
	acting, err := h.db.Acting(ctx)
	if err != nil {
		return err
	}
	wanted, finding, err := passwords(ctx, h.kube, h.action.Secret)
	if err != nil || finding.State != engine.Done {
		return err
	}
	stored, err := h.stored(ctx, acting, wanted)
	if err != nil {
		return err
	}
	for _, role := range slices.Sorted(maps.Keys(wanted)) {
		verifier, exists := stored[role]
		if segments.PasswordMatches(verifier, role, wanted[role]) {
			continue
		}
		verifier, err := segments.StorePassword(wanted[role])
		if err != nil {
			return fmt.Errorf("the password of role %s: %w", role, err)
		}
		if _, err := h.db.Query(ctx, acting, "postgres", segments.PasswordSQL(role, exists, verifier)); err != nil {
			return fmt.Errorf("role %s: %w", role, err)
		}
	}
	return nil
}
