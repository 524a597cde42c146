//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"strings"

	"todo/internal/step"
)

// engine speaks to the lab's Docker through its API: Debian's docker.io brings no client in newer releases, and a
// client on PATH may be anything.
type engine struct{ client *http.Client }

func newEngine() engine { return engine{&http.Client{Transport: unixTransport(dockerSocket)}} }

// call sends a request and returns its body when the status is below 400.
func (e engine) call(ctx context.Context, method, path string, query url.Values, body io.Reader) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://docker"+path+"?"+query.Encode(), body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/x-tar")
	}
	response, err := e.client.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode < 400 {
		return response.Body, nil
	}
	defer response.Body.Close()
	var problem struct {
		Message string `json:"message"`
	}
	if err := json.NewDecoder(response.Body).Decode(&problem); err != nil {
		problem.Message = response.Status
	}
	return nil, &engineError{response.StatusCode, problem.Message}
}

// engineError is an answer of the engine that is not success.
type engineError struct {
	status  int
	message string
}

func (e *engineError) Error() string { return "docker: " + e.message }

// stream is call for requests that answer with a stream of JSON messages; their text goes to the step's log.
func (e engine) stream(ctx context.Context, s *step.Step, path string, query url.Values, body io.Reader) error {
	answer, err := e.call(ctx, http.MethodPost, path, query, body)
	if err != nil {
		return err
	}
	defer answer.Close()
	for lines := json.NewDecoder(bufio.NewReader(answer)); ; {
		var message struct{ Stream, Status, Error string }
		if err := lines.Decode(&message); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		switch {
		case message.Error != "":
			return errors.New(message.Error)
		case message.Stream != "":
			fmt.Fprint(s, message.Stream)
		case message.Status != "":
			fmt.Fprintln(s, message.Status)
		}
	}
}

// labels returns an image's labels; ok is false when the engine does not have it.
func (e engine) labels(ctx context.Context, image string) (labels map[string]string, ok bool, err error) {
	answer, err := e.call(ctx, http.MethodGet, "/images/"+image+"/json", nil, nil)
	var refused *engineError
	if errors.As(err, &refused) && refused.status == http.StatusNotFound {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	defer answer.Close()
	var inspected struct {
		Config struct{ Labels map[string]string }
	}
	err = json.NewDecoder(answer).Decode(&inspected)
	return inspected.Config.Labels, err == nil, err
}

// load loads an archive made by save or `docker save`.
func (e engine) load(ctx context.Context, s *step.Step, archive io.Reader) error {
	return e.stream(ctx, s, "/images/load", url.Values{"quiet": {"1"}}, archive)
}

// save writes an image with all its layers as an archive.
func (e engine) save(ctx context.Context, image string) (io.ReadCloser, error) {
	return e.call(ctx, http.MethodGet, "/images/"+image+"/get", nil, nil)
}

// importRoot makes an image of one layer from the tar of a root file system; changes are Dockerfile instructions.
func (e engine) importRoot(ctx context.Context, s *step.Step, image string, changes []string, root io.Reader) error {
	name, tag, _ := strings.Cut(image, ":")
	return e.stream(ctx, s, "/images/create", url.Values{"fromSrc": {"-"}, "repo": {name}, "tag": {tag}, "changes": changes}, root)
}

// prune removes untagged images that carry a label.
func (e engine) prune(ctx context.Context, label string) error {
	filters := fmt.Sprintf(`{"dangling":["1"],"label":[%q]}`, label)
	answer, err := e.call(ctx, http.MethodPost, "/images/prune", url.Values{"filters": {filters}}, nil)
	if err != nil {
		return err
	}
	return answer.Close()
}

// build builds an image with the classic builder, whose context is a tar in the request.
func (e engine) build(ctx context.Context, s *step.Step, image string, args, labels map[string]string, files []byte) error {
	query := url.Values{"t": {image}, "rm": {"1"}, "forcerm": {"1"}, "nocache": {"1"}}
	for name, values := range map[string]map[string]string{"buildargs": args, "labels": labels} {
		text, err := json.Marshal(values)
		if err != nil {
			return err
		}
		query.Set(name, string(text))
	}
	return e.stream(ctx, s, "/build", query, bytes.NewReader(files))
}

// reachable asks the image's registry for its manifest, which is quick where it can be pulled.
func (e engine) reachable(ctx context.Context, image string) error {
	answer, err := e.call(ctx, http.MethodGet, "/distribution/"+image+"/json", nil, nil)
	if err != nil {
		return err
	}
	return answer.Close()
}

// pull pulls an image.
func (e engine) pull(ctx context.Context, s *step.Step, image string) error {
	name, tag, _ := strings.Cut(image, ":")
	return e.stream(ctx, s, "/images/create", url.Values{"fromImage": {name}, "tag": {tag}}, nil)
}

// ctr runs containerd's own client on the lab's containerd, in the namespace of the kubelet's pods.
func ctr(ctx context.Context, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "ctr", append([]string{"--address", criSocket, "--namespace", "k8s.io"}, args...)...)
}

// criHas says whether pods find an image without pulling it. image is a full name.
func criHas(ctx context.Context, image string) (bool, error) {
	out, err := ctr(ctx, "images", "list", "-q", "name=="+image).Output()
	if err != nil {
		return false, fmt.Errorf("ctr images list: %w", err)
	}
	return strings.Contains(string(out), image), nil
}

// criImport imports an archive for pods.
func criImport(ctx context.Context, s *step.Step, archive io.Reader) error {
	cmd := ctr(ctx, "images", "import", "-")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = archive, s, s
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("ctr images import: %w", err)
	}
	return nil
}
