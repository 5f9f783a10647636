//go:build e2e

package e2e

import (
	"path/filepath"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// user is the account that gpk works as.
const user = "gpk-user"

// rights are all that gpk needs, and all in one namespace: what it makes outside of it would be refused.
func rights() []rbacv1.PolicyRule {
	keep := []string{"get", "list", "watch", "create", "patch", "delete"}
	return []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"configmaps", "secrets", "services", "serviceaccounts", "persistentvolumeclaims"}, Verbs: keep},
		{APIGroups: []string{"apps"}, Resources: []string{"statefulsets"}, Verbs: keep},
		{APIGroups: []string{"policy"}, Resources: []string{"poddisruptionbudgets"}, Verbs: keep},
		{APIGroups: []string{"networking.k8s.io"}, Resources: []string{"networkpolicies"}, Verbs: keep},
		{APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"}, Verbs: []string{"get", "create", "update", "delete"}},
		{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"get", "list", "watch", "create", "patch", "delete"}},
		{APIGroups: []string{""}, Resources: []string{"pods/exec"}, Verbs: []string{"get", "create"}},
		{APIGroups: []string{""}, Resources: []string{"pods/log"}, Verbs: []string{"get"}},
	}
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
