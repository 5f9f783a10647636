package plan

import (
	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/topology"
	"gpk/templates"
)

func keys(c *topology.Cluster) (Keys, error) {
	secret := &corev1.Secret{}
	if err := templates.Decode("secret-ssh", secret); err != nil {
		return Keys{}, err
	}
	name(secret, c, keysName(c))
	scripts, err := templates.Scripts()
	if err != nil {
		return Keys{}, err
	}
	return Keys{secret, map[string]string{"config": scripts["ssh_config"]}}, nil
}
