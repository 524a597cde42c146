package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"todo/internal/step"
)

const (
	traefikName    = "traefik"
	traefikVersion = "v3.5.0"
	traefikFolder  = "tools/traefik"
	traefikModule  = "github.com/traefik/traefik/v3"
)

// prepareTraefik puts a copy of Traefik's module into the folder, with a page where its web UI would be: Traefik embeds
// the UI's build, which is not in the module.
func prepareTraefik(ctx context.Context, _ *step.Step, folder string) error {
	module, err := moduleDir(ctx, folder, traefikModule)
	if err != nil {
		return err
	}
	local := filepath.Join(folder, "module")
	if err := os.CopyFS(local, os.DirFS(module)); err != nil {
		return fmt.Errorf("copying %s: %w", traefikModule, err)
	}
	static := filepath.Join(local, "webui", "static")
	if err := os.MkdirAll(static, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(static, "index.html"), []byte("<p>This Traefik was built without its dashboard.</p>\n"), 0o644); err != nil {
		return err
	}
	_, err = goIn(ctx, folder, "mod", "edit", "-replace", traefikModule+"=./module")
	return err
}
