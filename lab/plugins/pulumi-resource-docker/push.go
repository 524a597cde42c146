package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	"github.com/docker/docker/api/types"
	imagetypes "github.com/docker/docker/api/types/image"
)

// errAbsent says that an image is not there. Any other error says that nobody knows.
var errAbsent = errors.New("no such image")

// find returns what repoDigest has to be when the image is where it belongs: repository@sha256:… as the registry has it,
// or the Engine's image ID when it is not pushed. It returns errAbsent when the image is not there.
func (d *daemon) find(ctx context.Context, img image, known logins) (string, error) {
	if img.SkipPush {
		found, err := d.ImageInspect(ctx, img.Name)
		if errdefs.IsNotFound(err) {
			return "", errAbsent
		}
		return found.ID, err
	}
	header, err := known.header(img)
	if err != nil {
		return "", err
	}
	found, err := d.DistributionInspect(ctx, img.Name, header)
	if err == nil {
		return img.withDigest(string(found.Descriptor.Digest))
	}
	// A registry that has never seen the repository may answer "denied" or "unauthorized" instead of "not found".
	if errdefs.IsNotFound(err) || strings.Contains(err.Error(), "manifest unknown") || strings.Contains(err.Error(), "name unknown") {
		return "", errAbsent
	}
	return "", err
}

// push sends the image to its registry, and returns its digest only when the registry then has that very digest.
func (d *daemon) push(ctx context.Context, img image, known logins, status func(string)) (string, error) {
	header, err := known.header(img)
	if err != nil {
		return "", err
	}
	answer, err := d.ImagePush(ctx, img.Name, imagetypes.PushOptions{RegistryAuth: header})
	if err != nil {
		return "", err
	}
	defer answer.Close()
	var pushed types.PushResult
	sent, of, say := map[string]int64{}, map[string]int64{}, nowAndThen(status)
	err = readMessages(answer, func(m message) error {
		if m.Aux != nil {
			return json.Unmarshal(m.Aux, &pushed)
		}
		if m.Progress.Total > 0 {
			sent[m.ID], of[m.ID] = min(m.Progress.Current, m.Progress.Total), m.Progress.Total
			say(fmt.Sprintf("pushing, %d of %d MB", sum(sent)>>20, sum(of)>>20))
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	if pushed.Digest == "" {
		return "", errors.New("the push ended without a digest")
	}
	want, err := img.withDigest(pushed.Digest)
	if err != nil {
		return "", err
	}
	got, err := d.find(ctx, img, known)
	if err != nil {
		return "", fmt.Errorf("the push ended well, but the registry does not give the image back: %w", err)
	}
	if got != want {
		return "", fmt.Errorf("pushed %s, but the registry has %s under that name: something else pushes there too", want, got)
	}
	return got, nil
}

// withDigest is repository@digest.
func (i image) withDigest(digest string) (string, error) {
	named, err := reference.ParseNormalizedNamed(i.Name)
	if err != nil {
		return "", err
	}
	return reference.TrimNamed(named).Name() + "@" + digest, nil
}

func sum(sizes map[string]int64) int64 {
	var total int64
	for _, size := range sizes {
		total += size
	}
	return total
}
