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
	layer, err := programLayer(program)
	if err == nil {
		err = WriteImage(path, PauseImage, layer, v1.Config{Entrypoint: []string{"/pause"}, User: "65535:65535"})
	}
	if err != nil {
		return "", false, fmt.Errorf("build image %s: %w", PauseImage, err)
	}
	return path, true, nil
}

// WriteImage writes a tarball of an image that has one layer.
func WriteImage(path, reference string, layer v1.Layer, config v1.Config) error {
	tag, err := name.NewTag(reference)
	if err != nil {
		return err
	}
	image, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return err
	}
	file, err := image.ConfigFile()
	if err != nil {
		return err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Config = "linux", runtime.GOARCH, config
	if image, err = mutate.ConfigFile(image, file); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := tarball.WriteToFile(path+".new", tag, image); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// programLayer holds nothing but one static program.
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
