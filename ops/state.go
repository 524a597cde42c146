package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"time"
)

// backendLimit is how long a question to the state backend may take. Over a slow line it takes seconds.
const backendLimit = 2 * time.Minute

// appType is the type of the component that holds all of the program's resources (platform/app.go).
const appType = "todo:components:TodoApp"

// snapshot is what the commands read of a stack's state.
type snapshot struct {
	Resources         []stateResource
	PendingOperations []struct{ Resource stateResource } `json:"pending_operations"`
	SecretsProviders  struct {
		Type  string
		State struct{ Salt string }
	} `json:"secrets_providers"`
}

// stateResource is one resource; what its inputs and outputs look like depends on its type.
type stateResource struct {
	URN, Type       string
	Inputs, Outputs json.RawMessage
}

func (r stateResource) name() string { return r.URN[strings.LastIndex(r.URN, ":")+1:] }

// stateChanges forgets what was read of the state: it is about to change.
func (o *Ops) stateChanges() { o.exported, o.outputs = nil, nil }

// snapshot reads the stack's state, once until Pulumi changes it.
func (o *Ops) snapshot(ctx context.Context) (snapshot, error) {
	if o.exported != nil {
		return *o.exported, nil
	}
	text, err := o.export(ctx)
	if err != nil {
		return snapshot{}, err
	}
	var file struct{ Deployment snapshot }
	if err := json.Unmarshal(text, &file); err != nil {
		return snapshot{}, fmt.Errorf("reading the state of stack %s: %w", o.Stack, err)
	}
	o.exported = &file.Deployment
	return file.Deployment, nil
}

func (o *Ops) export(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, backendLimit)
	defer cancel()
	text, err := o.pulumiCommand(ctx, "stack", "export", "--stack", o.Stack).Output()
	if err != nil {
		return nil, fmt.Errorf("reading the state of stack %s: %w%s", o.Stack, err, stderrOf(err))
	}
	return text, nil
}

// checkOwner refuses a state that another program made. `pulumi up` would delete everything in it that this program
// does not have.
func (o *Ops) checkOwner(ctx context.Context) error {
	state, err := o.snapshot(ctx)
	if err != nil {
		return err
	}
	var others []string
	for _, r := range state.Resources {
		if r.Type == appType {
			return nil
		}
		if !strings.HasPrefix(r.Type, "pulumi:") { // the stack itself, and providers
			others = append(others, r.URN)
		}
	}
	if len(others) == 0 {
		return nil
	}
	h, err := o.home()
	if err != nil {
		return err
	}
	return fmt.Errorf("stack %s in %s has %d resources of another program, the first %s; it is not taken over, "+
		"nothing was changed.\n  To use another stack:  cp Pulumi.%s.yaml Pulumi.<name>.yaml && make up STACK=<name>",
		o.Stack, o.backendURL(h), len(others), others[0], o.Stack)
}

// movedProviders are the URNs of those resources that lead to the cluster and to the Docker daemon and that, as the state
// has them, do not lead there any more. A rollback builds nothing, and its program has no Docker.
func (s snapshot) movedProviders(ctx context.Context, c Cluster, builds bool) []string {
	var urns []string
	for _, r := range s.Resources {
		var inputs struct{ Context, Kubeconfig, Host string }
		err := json.Unmarshal(r.Inputs, &inputs)
		switch r.Type {
		case "pulumi:providers:kubernetes":
			if err == nil && inputs.Context == c.Context && inputs.Kubeconfig == c.Kubeconfig {
				continue
			}
		case "pulumi:providers:docker":
			if err != nil || !builds || daemonAnswers(ctx, inputs.Host) {
				continue
			}
		default:
			continue
		}
		urns = append(urns, r.URN)
	}
	return urns
}

// daemonAnswers reports whether a Docker daemon is where the state has it; one whose way only Docker knows counts.
func daemonAnswers(ctx context.Context, host string) bool {
	scheme, address, _ := strings.Cut(host, "://")
	if scheme != "unix" && scheme != "tcp" {
		return true
	}
	connection, err := (&net.Dialer{Timeout: imagePatience}).DialContext(ctx, scheme, address)
	if err != nil {
		return false
	}
	connection.Close()
	return true
}

// forgetResources removes every resource from the state and keeps the stack with its encryption. Nothing is asked of a
// cluster or a Docker daemon: `pulumi destroy` ends half way when either is gone.
func (o *Ops) forgetResources(ctx context.Context) error {
	text, err := o.export(ctx)
	if err != nil {
		return err
	}
	var file map[string]any
	if err := json.Unmarshal(text, &file); err != nil {
		return fmt.Errorf("reading the state of stack %s: %w", o.Stack, err)
	}
	if state, ok := file["deployment"].(map[string]any); ok {
		delete(state, "resources")
		delete(state, "pending_operations")
	}
	if text, err = json.Marshal(file); err != nil {
		return fmt.Errorf("writing the state of stack %s: %w", o.Stack, err)
	}
	o.stateChanges()
	cmd := o.pulumiCommand(ctx, "stack", "import", "--stack", o.Stack)
	cmd.Stdin = strings.NewReader(string(text))
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("writing the state of stack %s: %w: %s", o.Stack, err, oneLine(string(text)))
	}
	return nil
}
