package components

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/internal/pulumitest"
)

func runImage(t *testing.T, args ImageArgs) (*pulumitest.Recorder, string, error) {
	t.Helper()
	ref := make(chan string, 1)
	r, _, err := pulumitest.Run(t, pulumitest.Options{}, func(ctx *pulumi.Context) error {
		i, err := NewImage(ctx, "web", args)
		if err != nil {
			close(ref)
			return err
		}
		i.Ref.ApplyT(func(v string) string { ref <- v; return v })
		return nil
	})
	return r, <-ref, err
}

func built() ImageArgs {
	return ImageArgs{
		Repository: "localhost:5000/todo/web", Tag: "0123456789abcdef", Push: true,
		Build: Build{Context: "app/web", Dockerfile: "web.Dockerfile", Platform: "linux/arm64", Args: map[string]string{"NODE_IMAGE": "node:22"}},
	}
}

func TestImageIsBuilt(t *testing.T) {
	r, ref, err := runImage(t, built())
	if err != nil {
		t.Fatal(err)
	}
	if want := "localhost:5000/todo/web:0123456789abcdef"; ref != want {
		t.Errorf("Ref is %s, want %s", ref, want)
	}
	image := r.Get(imageType, "web-build")
	expect(t, image, "skipPush", "false", "it was asked to push")
	expect(t, image, "build", `{"args":{"NODE_IMAGE":"node:22"},"builderVersion":"BuilderBuildKit","context":"app/web","dockerfile":"web.Dockerfile","platform":"linux/arm64"}`,
		"paths are relative, so that another clone sees no change")
}

func TestImageIsPinned(t *testing.T) {
	args := built()
	args.PinDigest = true
	_, ref, err := runImage(t, args)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(ref, "localhost:5000/todo/web@sha256:") {
		t.Errorf("Ref is %s, want a digest", ref)
	}
}

func TestImageStaysInTheDaemon(t *testing.T) {
	args := built()
	args.Push = false
	r, _, err := runImage(t, args)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, r.Get(imageType, "web-build"), "skipPush", "true", "there is no registry")
}

func TestGivenImageIsNotBuilt(t *testing.T) {
	r, ref, err := runImage(t, ImageArgs{Reference: "shop/web:7"})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(r.OfType(imageType)); n != 0 || ref != "shop/web:7" {
		t.Errorf("Ref is %s after %d builds, want shop/web:7 after none", ref, n)
	}
}

func TestImageRefusals(t *testing.T) {
	pinned := built()
	pinned.Push, pinned.PinDigest = false, true
	for want, args := range map[string]ImageArgs{"either Reference": {}, "PinDigest needs Push": pinned} {
		r, _, err := runImage(t, args)
		if err == nil || !strings.Contains(err.Error(), want) || len(r.All()) > 0 {
			t.Errorf("want an error that says %q and no resource; got %v and\n%s", want, err, r.Tree())
		}
	}
}

func TestALoadedImage(t *testing.T) {
	var mu sync.Mutex
	var loaded []string
	args := built()
	args.Repository, args.Push = "localhost/todo/web", false
	args.Load = func(_ context.Context, image string) error {
		mu.Lock()
		defer mu.Unlock()
		loaded = append(loaded, image)
		return nil
	}
	_, ref, err := runImage(t, args)
	if want := "localhost/todo/web:0123456789abcdef"; err != nil || ref != want || !slices.Equal(loaded, []string{want}) {
		t.Errorf("Ref is %s after loading %v (%v), want %s after loading it", ref, loaded, err, want)
	}
	args.Load = func(context.Context, string) error { return errors.New("the node is full") }
	if _, err := runImageFailing(t, args); err == nil || !strings.Contains(err.Error(), "the node is full; if the Docker Engine") {
		t.Errorf("error = %v, want why the image is not in the node, and what to do", err)
	}
	args.Push = true
	if r, _, err := runImage(t, args); err == nil || !strings.Contains(err.Error(), "Load and Push") || len(r.All()) > 0 {
		t.Errorf("two ways at once: %v, want a refusal", err)
	}
}

// runImageFailing is runImage for an image whose Ref never resolves.
func runImageFailing(t *testing.T, args ImageArgs) (*pulumitest.Recorder, error) {
	t.Helper()
	r, _, err := pulumitest.Run(t, pulumitest.Options{}, func(ctx *pulumi.Context) error {
		_, err := NewImage(ctx, "web", args)
		return err
	})
	return r, err
}

// The docker plugin says <none>@<none> when the Engine knows no digest.
func TestWhatIsNoDigestIsRefused(t *testing.T) {
	for reference, wrong := range map[string]bool{"<none>@<none>": true, "localhost:5000/todo/web:1": true, "r/web@sha256:" + strings.Repeat("a", 64): false} {
		_, _, err := pulumitest.Run(t, pulumitest.Options{}, func(ctx *pulumi.Context) error {
			ctx.Export("ref", pinned(pulumi.String(reference).ToStringOutput(), "r/web"))
			return nil
		})
		if (err != nil) != wrong || (wrong && !strings.Contains(err.Error(), "gave r/web no digest")) {
			t.Errorf("%s: %v; refused must be %v", reference, err, wrong)
		}
	}
}
