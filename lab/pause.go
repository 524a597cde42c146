//go:build linux

package main

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"todo/internal/step"
)

// pauseTool is the tool whose program is the whole content of the pause image.
const pauseTool = "pause"

// ensurePause puts the pause image where the kubelet's pods look for it. It is made here, from one static program, so
// no pod waits for a download.
func (u setup) ensurePause(ctx context.Context, s *step.Step) error {
	have, err := criHas(ctx, pauseImage)
	if err != nil {
		return err
	}
	if have {
		return step.ErrDone
	}
	program, err := os.ReadFile(filepath.Join(u.bins[pauseTool], "pause"))
	if err != nil {
		return err
	}
	image, err := imageArchive(pauseImage, "/pause", program)
	if err != nil {
		return err
	}
	if err := newEngine().load(ctx, s, bytes.NewReader(image)); err != nil {
		return err
	}
	return criImport(ctx, s, bytes.NewReader(image))
}

// imageArchive returns an image of one file, its entrypoint, in the form that `docker save` writes.
func imageArchive(name, path string, program []byte) ([]byte, error) {
	layer, err := tarOf(map[string][]byte{strings.TrimPrefix(path, "/"): program}, 0o755)
	if err != nil {
		return nil, err
	}
	config, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH, "os": "linux",
		"config": map[string]any{"Entrypoint": []string{path}, "User": "65535:65535"},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{fmt.Sprintf("sha256:%x", sha256.Sum256(layer))}},
	})
	if err != nil {
		return nil, err
	}
	manifest, err := json.Marshal([]map[string]any{{"Config": "config.json", "RepoTags": []string{name}, "Layers": []string{"layer.tar"}}})
	if err != nil {
		return nil, err
	}
	return tarOf(map[string][]byte{"layer.tar": layer, "config.json": config, "manifest.json": manifest}, 0o644)
}

// tarOf packs files; the same files always give the same bytes.
func tarOf(files map[string][]byte, mode int64) ([]byte, error) {
	var all bytes.Buffer
	w := tar.NewWriter(&all)
	for _, name := range sortedKeys(files) {
		header := &tar.Header{Name: name, Mode: mode, Size: int64(len(files[name])), ModTime: time.Unix(0, 0), Typeflag: tar.TypeReg}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := io.Copy(w, bytes.NewReader(files[name])); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return all.Bytes(), nil
}
