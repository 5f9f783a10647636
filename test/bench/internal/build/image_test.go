package build

import (
	"archive/tar"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

func TestImageHoldsTheProgram(t *testing.T) {
	program := filepath.Join(t.TempDir(), "pause")
	if err := os.WriteFile(program, []byte("machine code"), 0o644); err != nil {
		t.Fatal(err)
	}
	layer, err := programLayer(program)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "images", "pause-1.tar")
	if err := WriteImage(path, PauseImage, layer, v1.Config{Entrypoint: []string{"/pause"}}); err != nil {
		t.Fatal(err)
	}
	tag, err := name.NewTag(PauseImage)
	if err != nil {
		t.Fatal(err)
	}
	image, err := tarball.ImageFromPath(path, &tag)
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	// containerd passes over an image that is not for its own machine.
	if config.OS != "linux" || config.Architecture != runtime.GOARCH || config.Config.Entrypoint[0] != "/pause" {
		t.Errorf("the image is for %s/%s and runs %v", config.OS, config.Architecture, config.Config.Entrypoint)
	}
	files := tar.NewReader(mutate.Extract(image))
	header, err := files.Next()
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(files)
	if err != nil || header.Name != "pause" || header.Mode != 0o755 || string(content) != "machine code" {
		t.Errorf("the image holds %s, mode %o, %q, %v", header.Name, header.Mode, content, err)
	}
}
