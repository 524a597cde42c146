package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"time"

	buildtypes "github.com/docker/docker/api/types/build"
	"github.com/moby/buildkit/identity"
	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/session/filesync"
	"github.com/tonistiigi/fsutil"
	fstypes "github.com/tonistiigi/fsutil/types"
)

// build builds the image into the Engine. BuildKit asks for the files that it does not have yet through a session, and
// applies the ignore files itself.
func (d *daemon) build(ctx context.Context, img image, known logins, p *progress) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	files, err := img.Build.files()
	if err != nil {
		return err
	}
	absolute, err := filepath.Abs(img.Build.Context)
	if err != nil {
		return err
	}
	// The key lets BuildKit compare with the files that the last build of this folder sent.
	key := sha256.Sum256([]byte(absolute))
	s, err := session.NewSession(ctx, hex.EncodeToString(key[:]))
	if err != nil {
		return err
	}
	s.Allow(filesync.NewFSSyncProvider(files))
	s.Allow(sessionAuth{logins: known})
	ended := make(chan error, 1)
	go func() {
		ended <- s.Run(ctx, func(ctx context.Context, proto string, meta map[string][]string) (net.Conn, error) {
			return d.DialHijack(ctx, "/session", proto, meta)
		})
	}()
	defer func() {
		s.Close()
		<-ended
	}()

	id := identity.NewID()
	defer func() {
		if ctx.Err() == nil {
			return
		}
		// The dropped connection stops the build as well, but only once the Engine notices.
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err = errors.Join(err, d.BuildCancel(late, id))
	}()
	response, err := d.ImageBuild(ctx, nil, buildtypes.ImageBuildOptions{
		Version: buildtypes.BuilderBuildKit, BuildID: id, SessionID: s.ID(), RemoteContext: "client-session", Remove: true,
		Tags: []string{img.Name}, Dockerfile: filepath.Base(img.Build.Dockerfile), BuildArgs: img.Build.buildArgs(), Target: img.Build.Target,
		Platform: img.Build.Platform, NetworkMode: img.Build.Network, ExtraHosts: img.Build.AddHosts, CacheFrom: img.Build.CacheFrom,
	})
	if err != nil {
		return fmt.Errorf("asking for the build: %w", err)
	}
	defer response.Body.Close()
	err = readMessages(response.Body, func(m message) error {
		if m.ID == "moby.buildkit.trace" && m.Aux != nil {
			return p.trace(m.Aux)
		}
		return nil
	})
	if failed := p.failed(); err != nil && failed != "" {
		return errors.New(failed)
	}
	return err
}

// files are the folders that a session offers, under the names that BuildKit asks for.
func (b build) files() (filesync.StaticDirSource, error) {
	context, err := fsutil.NewFS(b.Context)
	if err != nil {
		return nil, err
	}
	dockerfile, err := fsutil.NewFS(filepath.Dir(b.Dockerfile))
	if err != nil {
		return nil, err
	}
	// As every Docker client does: who owns the files on this machine is not the image's business.
	owned, err := fsutil.NewFilterFS(context, &fsutil.FilterOpt{Map: func(_ string, s *fstypes.Stat) fsutil.MapResult {
		s.Uid, s.Gid = 0, 0
		return fsutil.MapResultKeep
	}})
	if err != nil {
		return nil, err
	}
	return filesync.StaticDirSource{"context": owned, "dockerfile": dockerfile}, nil
}

// message is one of the JSON objects that the Engine's long answers are made of.
type message struct {
	ID       string
	Aux      json.RawMessage
	Progress struct{ Current, Total int64 } `json:"progressDetail"`
	Error    *struct{ Message string }      `json:"errorDetail"`
}

// readMessages gives each message of an Engine's answer to use. The Engine reports failure inside a successful answer.
func readMessages(from io.Reader, use func(message) error) error {
	for decoder := json.NewDecoder(from); ; {
		var m message
		if err := decoder.Decode(&m); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("the Docker Engine's answer ended early: %w", err)
		}
		if m.Error != nil {
			return errors.New(m.Error.Message)
		}
		if err := use(m); err != nil {
			return err
		}
	}
}
