package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ordinary is gpadmin's number in the base.
const ordinary = 1000

// account gives the layer in which gpadmin has the builder's number, over a base
// in which it has another. Public images have such a user, which pods do not.
func (b builder) account(ctx context.Context, base string) (string, error) {
	key, err := contentKey(base, fmt.Sprint(b.user), layerForm)
	if err != nil {
		return "", err
	}
	return b.layer("account-"+key, func(root string) error {
		if err := run(ctx, "tar", "-xzpf", base, "--numeric-owner", "-C", root, "etc/passwd", "etc/group", "home/gpadmin"); err != nil {
			return fmt.Errorf("the base's users: %w", err)
		}
		return renumber(root, b.user)
	})
}

// renumber gives gpadmin another number, and its home with it.
func renumber(root string, id int) error {
	was, is := fmt.Sprintf("\ngpadmin:x:%d:", ordinary), fmt.Sprintf("\ngpadmin:x:%d:", id)
	for file, more := range map[string][2]string{
		"etc/group":  {"", ""},
		"etc/passwd": {fmt.Sprintf("%d:", ordinary), fmt.Sprintf("%d:", id)},
	} {
		path := filepath.Join(root, file)
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		changed := strings.Replace("\n"+string(data), was+more[0], is+more[1], 1)[1:]
		if changed == string(data) {
			return fmt.Errorf("%s has no gpadmin with the number %d", file, ordinary)
		}
		if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
			return err
		}
	}
	return chownTree(filepath.Join(root, "home/gpadmin"), id)
}
