//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/yaml"
)

// user is the account that gpk works as.
const user = "gpk-user"

// rights are those of the Role in docs/rights.md, which says that gpk needs no others: all in one namespace, so that what it
// made outside of it would be refused.
func (c *cluster) rights() []rbacv1.PolicyRule {
	c.t.Helper()
	const page = "../../docs/rights.md"
	text, err := os.ReadFile(page)
	c.must(nil, err)
	_, block, found := strings.Cut(string(text), "\n```yaml\n")
	block, _, ends := strings.Cut(block, "\n```\n")
	if !found || !ends {
		c.t.Fatalf("%s has no block of YAML", page)
	}
	var role rbacv1.Role
	c.must(nil, yaml.UnmarshalStrict([]byte(block), &role))
	if role.Kind != "Role" || len(role.Rules) == 0 {
		c.t.Fatalf("the first block of YAML in %s is no Role with rules: %+v", page, role)
	}
	return role.Rules
}

// account makes an account with rights, and returns the path of its kubeconfig.
func (c *cluster) account(name string, rules []rbacv1.PolicyRule) string {
	c.t.Helper()
	meta := metav1.ObjectMeta{Name: name, Namespace: c.namespace}
	accounts := shared.client.CoreV1().ServiceAccounts(c.namespace)
	roles := shared.client.RbacV1()
	c.must(accounts.Create(c.ctx, &corev1.ServiceAccount{ObjectMeta: meta}, metav1.CreateOptions{}))
	c.must(roles.Roles(c.namespace).Create(c.ctx, &rbacv1.Role{ObjectMeta: meta, Rules: rules}, metav1.CreateOptions{}))
	c.must(roles.RoleBindings(c.namespace).Create(c.ctx, &rbacv1.RoleBinding{
		ObjectMeta: meta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: name, Namespace: c.namespace}},
	}, metav1.CreateOptions{}))
	token, err := accounts.CreateToken(c.ctx, name, &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: new(int64(3600))},
	}, metav1.CreateOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
	config := api.NewConfig()
	config.Clusters["test"] = &api.Cluster{Server: shared.config.Host, CertificateAuthorityData: shared.config.CAData,
		CertificateAuthority: shared.config.CAFile, InsecureSkipTLSVerify: shared.config.Insecure}
	config.AuthInfos[name] = &api.AuthInfo{Token: token.Status.Token}
	config.Contexts["test"] = &api.Context{Cluster: "test", AuthInfo: name}
	config.CurrentContext = "test"
	path := filepath.Join(c.home, "kubeconfig-"+name)
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		c.t.Fatal(err)
	}
	return path
}
