package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"

	"todo/internal/services"
)

// Rollback deploys an earlier release again: the one of $RELEASE, or the last good one. That is the newest when the last
// update did not end well, and otherwise the one before it.
func (o *Ops) Rollback(ctx context.Context) error {
	begin := time.Now()
	cluster, err := o.recorded(ctx)
	if err != nil {
		return err
	}
	all, err := o.releases(cluster.UID)
	if err != nil {
		return err
	}
	target, err := chooseRelease(all, os.Getenv("RELEASE"), o.unfinished())
	if err != nil {
		return err
	}
	if err := o.findPulumi(ctx); err != nil {
		return err
	}
	if err := o.printTarget(ctx, cluster); err != nil {
		return err
	}
	if err := o.PrepareStack(ctx); err != nil {
		return err
	}
	settings, err := o.releaseConfig(target.Number)
	if err != nil {
		return err
	}
	newest, err := o.releaseConfig(all[len(all)-1].Number)
	if err != nil {
		return err
	}
	if settings, err = pinned(settings, newest, target.Images); err != nil {
		return fmt.Errorf("release %d: %w", target.Number, err)
	}
	if err := o.haveImages(ctx, cluster, target); err != nil {
		return err
	}
	if err := o.writeConfig(settings); err != nil {
		return fmt.Errorf("restoring the configuration of release %d: %w", target.Number, err)
	}
	fmt.Printf("▸ back to release %d of %s UTC\n", target.Number, target.Time.Format("2006-01-02 15:04"))
	if err := o.release(ctx, cluster, cmp.Or(target.Of, target.Number)); err != nil {
		return err
	}
	fmt.Printf("\n  Release %d serves again after %.0f s. The next make up goes forward, to what is checked out here.\n", target.Number, time.Since(begin).Seconds())
	return nil
}

// chooseRelease decides where to return to.
func chooseRelease(all []Release, wanted string, unfinished bool) (Release, error) {
	if wanted != "" {
		number, err := strconv.Atoi(wanted)
		if i := slices.IndexFunc(all, func(r Release) bool { return r.Number == number }); err == nil && i >= 0 {
			return all[i], nil
		}
		return Release{}, fmt.Errorf("RELEASE=%q is not one of the releases; make releases lists them", wanted)
	}
	back := 2
	if unfinished {
		back = 1
	}
	if len(all) < back {
		return Release{}, errors.New("there is no release to return to: make up records one whenever its smoke test has passed")
	}
	return all[len(all)-back], nil
}

func (o *Ops) releaseConfig(number int) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(o.releaseFolder(number), "config.yaml"))
	if err != nil {
		return nil, fmt.Errorf("reading the configuration of release %d: %w", number, err)
	}
	return text, nil
}

// pinned is a release's configuration with the images given, so that nothing is built. No migration runs: an old release does
// not know the way to a schema that is newer than itself, and has to live with it (expand, then contract). Nor does it get its
// old secrets back, which may have been rotated away since: those of the newest good release take their place.
func pinned(settings, newest []byte, images map[string]string) ([]byte, error) {
	var file, now map[string]any
	if err := errors.Join(yaml.Unmarshal(settings, &file), yaml.Unmarshal(newest, &now)); err != nil {
		return nil, fmt.Errorf("reading its configuration: %w", err)
	}
	keys := section(file, "config")
	for name, value := range section(now, "config") {
		if fields, ok := value.(map[string]any); ok && (fields["secure"] != nil || name == "todo:secrets") {
			keys[name] = value
		}
	}
	migration := section(keys, "todo:migration")
	migration["skip"] = true
	given := section(keys, "todo:services")
	for name := range given {
		service := section(given, name)
		if service["source"] == nil {
			continue
		}
		delete(service, "source") // the program refuses a source beside an image
		delete(service, "build")  // and how to build it
		if !slices.Contains(serviceNames, name) {
			service["image"] = images[name] // without either it would be no service
		}
		given[name] = service
		if name == services.Backend && migration["enabled"] == nil {
			migration["enabled"] = true // whether there is one is seen in the source
		}
	}
	if len(given) > 0 {
		keys["todo:services"] = given
	}
	keys["todo:migration"], keys["todo:images"] = migration, images
	if file == nil {
		file = map[string]any{}
	}
	file["config"] = keys
	return yaml.Marshal(file)
}

// section is the mapping at a key of a YAML document, empty when there is none. `pulumi config set <key> '{…}'` keeps it as text.
func section(of map[string]any, key string) map[string]any {
	found := map[string]any{}
	switch value := of[key].(type) {
	case map[string]any:
		return value
	case string:
		if yaml.Unmarshal([]byte(value), &found) != nil || found == nil {
			return map[string]any{} // the program refuses it
		}
	}
	return found
}
