package main

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/cheggaaa/pb"

	"todo/internal/step"
)

// Where tools are published. Tests bring their own server.
var (
	kubectlSite = "https://dl.k8s.io/release"
	pulumiSite  = "https://github.com/pulumi/pulumi/releases/download"
)

// errChecksum marks a file that is not the published one. It ends the command on every cluster: neither a build nor
// another attempt follows.
var errChecksum = errors.New("checksum mismatch")

// officialTool is a tool as it is published for this machine.
type officialTool struct {
	name, version string
	url           string
	sums          string   // URL of its SHA-256: alone, or in lines of `<sum>  <file>`
	programs      []string // what is taken out of the archive; nil: the file is the program
	page          string   // tells how to install it by hand
	built         []string // the lab's names for the same
}

// officialTool describes pulumi or kubectl. The versions are those of the SDK in go.mod and of the lab's Kubernetes.
func (o *Ops) officialTool(name string) (officialTool, error) {
	if name == "kubectl" {
		version, err := o.moduleVersion("lab/tools/cluster/go.mod", "k8s.io/kubernetes")
		url := fmt.Sprintf("%s/%s/bin/%s/%s/kubectl", kubectlSite, version, runtime.GOOS, runtime.GOARCH)
		return officialTool{name: name, version: version, url: url, sums: url + ".sha256",
			page: "https://kubernetes.io/docs/tasks/tools/", built: []string{"kubectl"}}, err
	}
	version, err := o.moduleVersion("go.mod", "github.com/pulumi/pulumi/sdk/v3")
	arch := strings.Replace(runtime.GOARCH, "amd64", "x64", 1)
	return officialTool{name: name, version: version,
		url:      fmt.Sprintf("%s/%s/pulumi-%s-%s-%s.tar.gz", pulumiSite, version, version, runtime.GOOS, arch),
		sums:     fmt.Sprintf("%s/%s/pulumi-%s-checksums.txt", pulumiSite, version, strings.TrimPrefix(version, "v")),
		programs: []string{"pulumi", "pulumi-language-go"},
		page:     "https://www.pulumi.com/docs/install/", built: []string{"pulumi"}}, err
}

// toolsFolder is where downloads are kept. All checkouts of a user share it.
func toolsFolder() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no folder for downloads: %w; set HOME or XDG_CACHE_HOME", err)
	}
	return filepath.Join(cache, "todo-tools"), nil
}

// folder is where the tool's programs are once it has been downloaded.
func (t officialTool) folder(tools string) string {
	return filepath.Join(tools, t.name+"-"+t.version, "bin")
}

// download puts the tool into its folder, unless it is there.
func (o *Ops) download(ctx context.Context, t officialTool) (folder string, err error) {
	tools, err := toolsFolder()
	if err != nil {
		return "", err
	}
	folder = t.folder(tools)
	if _, err := os.Stat(folder); err == nil {
		return folder, nil
	}
	if err := o.rememberedTimeout(); err != nil {
		return "", err
	}
	sums, err := getText(ctx, t.sums)
	if err != nil {
		o.rememberTimeout(err)
		return "", err
	}
	want, err := sumOf(sums, path.Base(t.url))
	if err != nil {
		return "", fmt.Errorf("%s: %w", t.sums, err)
	}
	// Made beside its final place and renamed: an interrupted download never looks like a finished one.
	if err := os.MkdirAll(tools, 0o755); err != nil {
		return "", fmt.Errorf("%w; set XDG_CACHE_HOME to a folder that can be written", err)
	}
	removeAbandoned(tools)
	temporary, err := os.MkdirTemp(tools, ".download-")
	if err != nil {
		return "", fmt.Errorf("%w; set XDG_CACHE_HOME to a folder that can be written", err)
	}
	defer os.RemoveAll(temporary)
	file := filepath.Join(temporary, "file")
	err = o.showProgress("Download "+t.name+" "+t.version, func(progress func(done, total int64)) error {
		return transfer(ctx, t.url, file, progress)
	})
	if err != nil {
		return "", err
	}
	if err := t.unpack(file, want, filepath.Join(temporary, "bin")); err != nil {
		return "", fmt.Errorf("%s: %w", t.url, err)
	}
	final := filepath.Dir(folder)
	if err := errors.Join(os.Remove(file), os.Chmod(temporary, 0o755)); err != nil {
		return "", err
	}
	if err := os.Rename(temporary, final); err != nil {
		if _, missing := os.Stat(folder); missing != nil { // otherwise another run was faster
			return "", err
		}
	}
	return folder, nil
}

// removeAbandoned removes what killed downloads left. A day is longer than any that is still at work.
func removeAbandoned(tools string) {
	found, _ := filepath.Glob(filepath.Join(tools, ".download-*")) // the pattern is valid
	for _, folder := range found {
		if info, err := os.Stat(folder); err == nil && time.Since(info.ModTime()) > 24*time.Hour {
			os.RemoveAll(folder) // another run tries again
		}
	}
}

var sha256Sum = regexp.MustCompile(`^[0-9a-fA-F]{64}$`)

// sumOf finds a file's SHA-256 in a published list, or takes the only one.
func sumOf(sums, file string) (string, error) {
	for line := range strings.Lines(sums) {
		fields := strings.Fields(line)
		if len(fields) == 0 || !sha256Sum.MatchString(fields[0]) {
			continue
		}
		if len(fields) == 1 || strings.TrimLeft(fields[1], "*./") == file {
			return strings.ToLower(fields[0]), nil
		}
	}
	return "", fmt.Errorf("it has no SHA-256 of %s", file)
}

// unpack checks the file and puts its programs into a folder.
func (t officialTool) unpack(file, want, folder string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return err
	}
	if got := hex.EncodeToString(hash.Sum(nil)); got != want {
		return fmt.Errorf("%w: SHA-256 is %s, published is %s; the file was removed; run the command again, "+
			"or install %s by hand: %s", errChecksum, got, want, t.name, t.page)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	if t.programs == nil {
		return writeProgram(filepath.Join(folder, t.name), f)
	}
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	missing := slices.Clone(t.programs)
	for archive := tar.NewReader(unzipped); len(missing) > 0; {
		entry, err := archive.Next()
		if err == io.EOF {
			return fmt.Errorf("the archive has no %s", strings.Join(missing, ", "))
		}
		if err != nil {
			return err
		}
		i := slices.Index(missing, path.Base(entry.Name))
		if i < 0 || entry.Typeflag != tar.TypeReg {
			continue
		}
		if err := writeProgram(filepath.Join(folder, missing[i]), archive); err != nil {
			return err
		}
		missing = slices.Delete(missing, i, i+1)
	}
	return nil
}

func writeProgram(path string, content io.Reader) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Sync(), file.Close())
}

// showProgress runs a download with a bar on a terminal, and with a step's heartbeat elsewhere. Both go to standard
// error: a shell reads what `make env` prints.
func (o *Ops) showProgress(name string, do func(progress func(done, total int64)) error) error {
	if isTerminal(os.Stderr) {
		fmt.Fprintf(os.Stderr, "▸ %s\n", name)
		var bar *pb.ProgressBar
		defer func() {
			if bar != nil {
				bar.Finish()
			}
		}()
		return do(func(done, total int64) {
			if bar == nil {
				bar = pb.New64(max(total, 0)).SetUnits(pb.U_BYTES).SetMaxWidth(80)
				bar.Output = os.Stderr
				bar.Start()
			}
			bar.Set64(done)
		})
	}
	printer := step.New(o.state("logs"))
	printer.Out = os.Stderr
	return printer.Run(name, func(s *step.Step) error {
		var last time.Time
		return do(func(done, total int64) {
			if time.Since(last) < time.Second {
				return
			}
			last = time.Now()
			line := pb.Format(done).To(pb.U_BYTES).String()
			if total > 0 {
				line += " of " + pb.Format(total).To(pb.U_BYTES).String()
			}
			fmt.Fprintln(s, line)
		})
	})
}
