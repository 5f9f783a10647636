//go:build faults

package faults

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

// account makes the account that gpk works as, with the rights of docs/rights.md and no others.
func (c *cluster) account() {
	c.t.Helper()
	const page, user = "../../docs/rights.md", "gpk-user"
	text, err := os.ReadFile(page)
	c.must(nil, err)
	_, block, _ := strings.Cut(string(text), "\n```yaml\n")
	block, _, _ = strings.Cut(block, "\n```\n")
	var role rbacv1.Role
	c.must(nil, yaml.UnmarshalStrict([]byte(block), &role))
	if role.Kind != "Role" || len(role.Rules) == 0 {
		c.t.Fatalf("the first block of YAML in %s is no Role with rules", page)
	}
	meta := metav1.ObjectMeta{Name: user, Namespace: c.namespace}
	accounts := shared.client.CoreV1().ServiceAccounts(c.namespace)
	c.must(accounts.Create(c.ctx, &corev1.ServiceAccount{ObjectMeta: meta}, metav1.CreateOptions{}))
	c.must(shared.client.RbacV1().Roles(c.namespace).Create(c.ctx, &rbacv1.Role{ObjectMeta: meta, Rules: role.Rules}, metav1.CreateOptions{}))
	c.must(shared.client.RbacV1().RoleBindings(c.namespace).Create(c.ctx, &rbacv1.RoleBinding{ObjectMeta: meta,
		RoleRef:  rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: user},
		Subjects: []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: user, Namespace: c.namespace}}}, metav1.CreateOptions{}))
	token, err := accounts.CreateToken(c.ctx, user, &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: new(int64(24 * 3600))}}, metav1.CreateOptions{})
	c.must(token, err)
	config := api.NewConfig()
	config.Clusters["test"] = &api.Cluster{Server: shared.config.Host, CertificateAuthorityData: shared.config.CAData,
		CertificateAuthority: shared.config.CAFile, InsecureSkipTLSVerify: shared.config.Insecure}
	config.AuthInfos[user] = &api.AuthInfo{Token: token.Status.Token}
	config.Contexts["test"] = &api.Context{Cluster: "test", AuthInfo: user}
	config.CurrentContext = "test"
	c.kubeconfig = filepath.Join(c.home, "kubeconfig")
	c.must(nil, clientcmd.WriteToFile(*config, c.kubeconfig))
}
