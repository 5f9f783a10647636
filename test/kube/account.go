package kube

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/yaml"
)

// RulesIn are the rules of the Role that is the first block of YAML in a page.
func RulesIn(page string) ([]rbacv1.PolicyRule, error) {
	text, err := os.ReadFile(page) //nolint:gosec // the test names its own page
	if err != nil {
		return nil, err
	}
	_, block, found := strings.Cut(string(text), "\n```yaml\n")
	block, _, ends := strings.Cut(block, "\n```\n")
	if !found || !ends {
		return nil, fmt.Errorf("%s has no block of YAML", page)
	}
	var role rbacv1.Role
	if err := yaml.UnmarshalStrict([]byte(block), &role); err != nil {
		return nil, fmt.Errorf("%s: %w", page, err)
	}
	if role.Kind != "Role" || len(role.Rules) == 0 {
		return nil, fmt.Errorf("the first block of YAML in %s is no Role with rules: %+v", page, role)
	}
	return role.Rules, nil
}

// Account makes an account with rights in the namespace and no others, and writes a kubeconfig for it that is good for lifetime.
func (n *Namespace) Account(ctx context.Context, name string, rules []rbacv1.PolicyRule, lifetime time.Duration, path string) error {
	meta := metav1.ObjectMeta{Name: name, Namespace: n.Name}
	accounts, roles := n.Client.CoreV1().ServiceAccounts(n.Name), n.Client.RbacV1()
	if _, err := accounts.Create(ctx, &corev1.ServiceAccount{ObjectMeta: meta}, metav1.CreateOptions{}); err != nil {
		return err
	}
	if _, err := roles.Roles(n.Name).Create(ctx, &rbacv1.Role{ObjectMeta: meta, Rules: rules}, metav1.CreateOptions{}); err != nil {
		return err
	}
	if _, err := roles.RoleBindings(n.Name).Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: meta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: name, Namespace: n.Name}},
	}, metav1.CreateOptions{}); err != nil {
		return err
	}
	token, err := accounts.CreateToken(ctx, name, &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: new(int64(lifetime.Seconds()))},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	config := api.NewConfig()
	config.Clusters["test"] = &api.Cluster{Server: n.Config.Host, CertificateAuthorityData: n.Config.CAData,
		CertificateAuthority: n.Config.CAFile, InsecureSkipTLSVerify: n.Config.Insecure}
	config.AuthInfos[name] = &api.AuthInfo{Token: token.Status.Token}
	config.Contexts["test"] = &api.Context{Cluster: "test", AuthInfo: name}
	config.CurrentContext = "test"
	return clientcmd.WriteToFile(*config, path)
}
