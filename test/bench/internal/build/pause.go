package build

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// PauseImage is what the image of every pod's sandbox is called.
const PauseImage = "gpk.local/pause:1"

// Pause returns the tarball of the pause image, building it when its source changed.
func (c Cache) Pause(ctx context.Context) (path string, built bool, err error) {
	program, built, err := c.pauseProgram(ctx)
	if err != nil {
		return "", false, err
	}
	path = filepath.Join(c.Dir, "images", "pause-1.tar")
	if _, err := os.Stat(path); err == nil && !built {
		return path, false, nil
	}
	if err := writeImage(path, PauseImage, program); err != nil {
		return "", false, fmt.Errorf("build image %s: %w", PauseImage, err)
	}
	return path, true, nil
}

// writeImage writes an image that holds nothing but one static program.
func writeImage(path, reference, program string) error {
	ref, err := name.NewTag(reference)
	if err != nil {
		return err
	}
	layer, err := programLayer(program)
	if err != nil {
		return err
	}
	image, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return err
	}
	image, err = mutate.Config(image, v1.Config{Entrypoint: []string{"/pause"}, User: "65535:65535"})
	if err != nil {
		return err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", runtime.GOARCH
	if image, err = mutate.ConfigFile(image, config); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := tarball.WriteToFile(path+".new", ref, image); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func programLayer(program string) (v1.Layer, error) {
	data, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	header := &tar.Header{Name: "pause", Mode: 0o755, Size: int64(len(data)), Typeflag: tar.TypeReg}
	if err := w.WriteHeader(header); err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(buf.Bytes())), nil
	})
}
