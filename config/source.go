package config

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"todo/target"
)

// gitSource is a folder of a repository at one commit, written as Docker writes a remote context: <url>#<ref>[:<folder>].
type gitSource struct{ url, ref, folder string }

// gitPatience is for a slow network and one commit's files.
const gitPatience = 2 * time.Minute

var (
	commitID = regexp.MustCompile(`^[0-9a-f]{40}$`)
	gitRef   = regexp.MustCompile(`^[A-Za-z0-9_][-A-Za-z0-9_./]*$`)
	scpLike  = regexp.MustCompile(`^[A-Za-z0-9_][-A-Za-z0-9_.]*@[A-Za-z0-9][-A-Za-z0-9.]*:`)
)

// parseSource tells a repository from a folder. problem is what is wrong with the former.
func parseSource(text string) (g gitSource, remote bool, problem string) {
	if !strings.Contains(text, "://") && !scpLike.MatchString(text) {
		return g, false, ""
	}
	var fragment string
	g.url, fragment, _ = strings.Cut(text, "#")
	g.ref, g.folder, _ = strings.Cut(fragment, ":")
	if !scpLike.MatchString(g.url) {
		u, err := url.Parse(g.url)
		switch {
		case err != nil:
			return g, true, "it is no URL"
		case u.Scheme != "https" && u.Scheme != "ssh" && u.Scheme != "file":
			return g, true, "the URL must begin with https://, ssh:// or file://"
		case u.User != nil && u.Scheme == "https":
			return g, true, "the URL must hold no credentials; git has credential helpers for them"
		}
	}
	switch {
	case g.ref == "":
		return g, true, "it must name a commit, tag or branch after #: what a default branch holds tomorrow is not what was tested"
	case !gitRef.MatchString(g.ref) || strings.Contains(g.ref, ".."):
		return g, true, "that is no name of a commit, tag or branch"
	case g.folder != "" && !filepath.IsLocal(g.folder):
		return g, true, "the folder must lie inside the repository"
	}
	return g, true, ""
}

// fetchSources brings the sources that are repositories to this machine, so that everything after it sees folders only.
func (c *Config) fetchSources(ctx context.Context, m target.Machine, ps *problems) {
	for i := range c.rows {
		s := &c.rows[i]
		key := "services." + s.Name + ".source"
		if s.Source == "" || !s.Enabled {
			continue
		}
		if !s.Built() {
			ps.add(Problem{Key: key, Got: "set", Want: "images." + s.Name + " is ready-made, and nothing is built from a source", Fix: ps.remove(key)})
			continue
		}
		g, remote, problem := parseSource(s.Source)
		switch {
		case !remote:
			s.folder = s.Source
		case problem != "":
			ps.refuse(key, quoted(withoutUser(s.Source)), problem, "https://git.your-company.com/todo.git#v1.0.0:backend")
		default:
			folder, err := g.fetch(ctx, m, c.Root)
			if err != nil {
				ps.add(Problem{Key: key, Got: fmt.Sprintf("%s at %s cannot be fetched: %v", g.url, g.ref, err), Want: "git must be installed and able to read it",
					Fix: fmt.Sprintf("git ls-remote %s %s", shellWord(g.url), shellWord(g.ref))})
				continue
			}
			s.folder = folder
		}
	}
}

// withoutUser keeps a password in a URL out of the message that refuses it.
func withoutUser(text string) string {
	before, rest, found := strings.Cut(text, "://")
	if at := strings.LastIndex(rest, "@"); found && at >= 0 {
		return before + "://" + rest[at+1:]
	}
	return text
}

// fetch returns the folder, relative to root. A commit that is there is not asked for again; a branch is, because it moves.
func (g gitSource) fetch(ctx context.Context, m target.Machine, root string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, gitPatience)
	defer cancel()
	sum := sha256.Sum256([]byte(g.url))
	home := filepath.Join(stateFolder, "sources", hex.EncodeToString(sum[:6]))
	repository := filepath.Join(root, home, "repository.git")
	git := func(args ...string) (string, error) {
		out, err := m.Run(ctx, "git", append([]string{"--git-dir", repository}, args...)...)
		if errors.Is(err, exec.ErrNotFound) {
			err = errors.New("git is not installed")
		}
		return strings.TrimSpace(string(out)), err
	}
	commit := g.ref
	if !commitID.MatchString(commit) || !isFolder(filepath.Join(root, home, commit)) {
		if err := os.MkdirAll(filepath.Join(root, home), 0o755); err != nil {
			return "", err
		}
		if _, err := git("init", "--quiet", "--bare"); err != nil {
			return "", err
		}
		if _, err := git("fetch", "--quiet", "--depth=1", "--no-tags", "--", g.url, g.ref); err != nil {
			return "", err
		}
		var err error
		if commit, err = git("rev-parse", "--verify", "FETCH_HEAD^{commit}"); err != nil {
			return "", err
		}
	}
	folder := filepath.Join(home, commit)
	if !isFolder(filepath.Join(root, folder)) {
		// Under its own name only when it is complete: an interrupted run must not leave half of a commit.
		temporary, err := os.MkdirTemp(filepath.Join(root, home), ".checkout-")
		if err != nil {
			return "", err
		}
		_, err = git("--work-tree", temporary, "checkout", "--quiet", "--force", commit, "--", ".")
		if err == nil {
			err = os.Rename(temporary, filepath.Join(root, folder))
		}
		if err != nil {
			return "", errors.Join(err, os.RemoveAll(temporary))
		}
	}
	return filepath.Join(folder, g.folder), nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
