// Package build makes what a bench runs and the host lacks: the servers' binary,
// kubectl, kwok and the pause image, from source and cached by their sources'
// content, and Debian's packages.
package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Cache is the folder of what was built, and where the sources of it are.
type Cache struct {
	Dir    string // the project's .bench
	Source string // the project's test/bench
}

// kubernetes is the version that the servers' go.mod requires; a binary built
// outside its own repository doesn't know it.
const kubernetesModule = "k8s.io/kubernetes"

// Servers returns the servers' multi-call binary, building it when its sources
// changed; built tells which it was.
func (c Cache) Servers(ctx context.Context) (path string, built bool, err error) {
	return c.kubernetes(ctx, "kube", ".")
}

// Kubectl builds kubectl like Servers, and has bin/kubectl lead to it.
func (c Cache) Kubectl(ctx context.Context) (path string, built bool, err error) {
	target, built, err := c.kubernetes(ctx, "kubectl", "./kubectl")
	if err != nil {
		return "", false, err
	}
	path = filepath.Join(c.Dir, "bin", "kubectl")
	if is, err := os.Readlink(path); err == nil && is == filepath.Base(target) {
		return path, built, nil
	}
	_ = os.Remove(path + ".new")
	if err := os.Symlink(filepath.Base(target), path+".new"); err != nil {
		return "", false, fmt.Errorf("build kubectl: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return "", false, fmt.Errorf("build kubectl: %w", err)
	}
	return path, built, nil
}

// kubernetes builds a package of the module that requires Kubernetes.
func (c Cache) kubernetes(ctx context.Context, name, pkg string) (path string, built bool, err error) {
	source := filepath.Join(c.Source, "components")
	return c.binary(ctx, name, source, func(out string) error {
		version, err := requiredVersion(filepath.Join(source, "go.mod"), kubernetesModule)
		if err != nil {
			return err
		}
		return goBuild(ctx, source, pkg, out, versionFlags(version))
	})
}

// Kwok builds the simulator of nodes, from a module of its own: it requires
// another version of Kubernetes' packages than the servers.
func (c Cache) Kwok(ctx context.Context) (path string, built bool, err error) {
	source := filepath.Join(c.Source, "kwok")
	return c.binary(ctx, "kwok", source, func(out string) error {
		return goBuild(ctx, source, "sigs.k8s.io/kwok/cmd/kwok", out, "-s -w")
	})
}

// pauseProgram builds the program that the pause image consists of.
func (c Cache) pauseProgram(ctx context.Context) (path string, built bool, err error) {
	source := filepath.Join(c.Source, "pause")
	return c.binary(ctx, "pause", source, func(out string) error {
		return goBuild(ctx, source, ".", out, "-s -w")
	})
}

// binary returns bin/NAME-HASH, after making it if there is none.
func (c Cache) binary(ctx context.Context, name, source string, build func(out string) error) (path string, built bool, err error) {
	hash, err := hashSources(source)
	if err != nil {
		return "", false, fmt.Errorf("build %s: %w", name, err)
	}
	path = filepath.Join(c.Dir, "bin", name+"-"+hash)
	if _, err := os.Stat(path); err == nil {
		return path, false, nil
	}
	if err := ctx.Err(); err != nil {
		return "", false, err
	}
	if _, err := exec.LookPath("go"); err != nil {
		return "", false, fmt.Errorf("build %s: no `go` in PATH; install Go and try again", name)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", false, fmt.Errorf("build %s: %w", name, err)
	}
	if err := build(path + ".new"); err != nil {
		return "", false, fmt.Errorf("build %s: %w", name, err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return "", false, fmt.Errorf("build %s: %w", name, err)
	}
	return path, true, removeOthers(path, name)
}

// removeOthers deletes what earlier sources were built to. A server that still
// runs from such a file goes on: the kernel keeps it.
func removeOthers(keep, name string) error {
	old, err := filepath.Glob(filepath.Join(filepath.Dir(keep), name+"-*"))
	if err != nil {
		return err
	}
	for _, path := range old {
		if path == keep {
			continue
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func goBuild(ctx context.Context, source, pkg, out, ldflags string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-ldflags", ldflags, "-o", out, pkg)
	cmd.Dir = source
	// Without cgo the binaries are static and the compiled packages are those of
	// every other build of the project without cgo.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=readonly -buildvcs=false", "GOWORK=off")
	if os.Getenv("GOGC") == "" {
		cmd.Env = append(cmd.Env, "GOGC=400") // the compiler collects less, and ends sooner
	}
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go build in %s: %w\n%s", source, err, complaints(said.String()))
	}
	return nil
}

// complaints is what go said, but for the modules it fetched.
func complaints(said string) string {
	var kept strings.Builder
	for line := range strings.Lines(said) {
		if !strings.HasPrefix(line, "go: downloading ") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// versionFlags stamp the version as Kubernetes' own build does: without them
// the API server calls itself v0.0.0-master.
func versionFlags(version string) string {
	const pkg = "k8s.io/component-base/version."
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	stamps := []string{"-s", "-w", "-X " + pkg + "gitVersion=" + version, "-X " + pkg + "gitTreeState=clean"}
	if len(parts) == 3 {
		stamps = append(stamps, "-X "+pkg+"gitMajor="+parts[0], "-X "+pkg+"gitMinor="+parts[1])
	}
	return strings.Join(stamps, " ")
}

// requiredVersion reads the version of a module from a go.mod.
func requiredVersion(gomod, module string) (string, error) {
	data, err := os.ReadFile(gomod)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(fields) >= 2 && fields[0] == module && strings.HasPrefix(fields[1], "v") {
			return fields[1], nil
		}
	}
	return "", fmt.Errorf("%s does not require %s", gomod, module)
}

// hashSources is over the names and contents of the Go files and module files
// below a folder: what a build depends on. Tests are no part of it.
func hashSources(dir string) (string, error) {
	sum := sha256.New()
	found := 0
	sources := os.DirFS(dir)
	err := fs.WalkDir(sources, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !isSource(d.Name()) {
			return err
		}
		data, err := fs.ReadFile(sources, name)
		if err != nil {
			return err
		}
		found++
		fmt.Fprintf(sum, "%s %d\n", name, len(data))
		sum.Write(data)
		return nil
	})
	if err != nil {
		return "", err
	}
	if found == 0 {
		return "", fmt.Errorf("no sources in %s", dir)
	}
	return hex.EncodeToString(sum.Sum(nil))[:12], nil
}

func isSource(name string) bool {
	if name == "go.mod" || name == "go.sum" {
		return true
	}
	return strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go")
}
