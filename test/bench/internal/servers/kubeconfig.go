package servers

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"

	"gpk/test/bench/internal/pki"
)

// kubeconfig names its certificates by their files.
func kubeconfig(server, ca, cert, key string) []byte {
	return renderKubeconfig(server,
		object{"certificate-authority": ca},
		object{"client-certificate": cert, "client-key": key})
}

func renderKubeconfig(server string, cluster, user object) []byte {
	cluster["server"] = server
	return toJSON(object{
		"apiVersion": "v1", "kind": "Config", "current-context": "bench",
		"clusters": []object{{"name": "bench", "cluster": cluster}},
		"users":    []object{{"name": "bench", "user": user}},
		"contexts": []object{{"name": "bench", "context": object{"cluster": "bench", "user": "bench"}}},
	})
}

// AdminKubeconfig writes the kubeconfig for people and tests: it holds its
// certificates, so that it can be copied anywhere, and may do anything.
func AdminKubeconfig(s Setup, ca *pki.Authority, path string) error {
	admin := pki.Pair{Name: "admin", User: "admin", Groups: []string{"system:masters"}}
	if err := ca.Ensure(admin); err != nil {
		return err
	}
	encoded := map[string]string{}
	for _, name := range []string{"ca.crt", "admin.crt", "admin.key"} {
		data, err := os.ReadFile(filepath.Join(PKIDir(s.Run), name))
		if err != nil {
			return fmt.Errorf("write kubeconfig: %w", err)
		}
		encoded[name] = base64.StdEncoding.EncodeToString(data)
	}
	config := renderKubeconfig(s.APIServer(),
		object{"certificate-authority-data": encoded["ca.crt"]},
		object{"client-certificate-data": encoded["admin.crt"], "client-key-data": encoded["admin.key"]})
	return writeFile(path, config, 0o600)
}
