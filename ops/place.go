package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"sync"
	"time"

	kube "todo/target"
)

// labKubeconfig is the lab's admin kubeconfig (lab/paths.go).
const labKubeconfig = "/var/lib/todo-lab/admin.conf"

// place is what decides whether a tool that cannot be downloaded may be built. Compiling is for the lab.
type place struct {
	lab        bool // the stack's cluster is the lab
	forced     bool // LAB=1
	production bool // the stack changes a production cluster
}

// place goes by the choice of this run, else by the stack's config and the choice of the last run.
func (o *Ops) place() place {
	if runtime.GOOS != "linux" {
		return place{} // the lab builds nothing here
	}
	here := place{forced: os.Getenv("LAB") == "1"}
	keys, err := o.stackConfig()
	if err != nil {
		return here // the verb reports it
	}
	here.production = bool(keys.Production) && keys.RenderYAML == ""
	if lab, known := o.choice.get(); known {
		here.lab = lab
		return here
	}
	switch cluster, err := o.Cluster(); {
	case keys.KubeContext != "":
		here.lab = keys.KubeContext == kube.LabContext
	case keys.Kubeconfig != nil, keys.KubeStack != "", keys.RenderYAML != "", here.production:
	case err == nil:
		here.lab = cluster.Kind == "lab"
	default: // before the first `make up`
		here.lab = o.wouldChooseLab()
	}
	return here
}

// wouldChooseLab guesses what ChooseCluster would take on a machine that no stack has been brought up on.
func (o *Ops) wouldChooseLab() bool {
	if _, err := os.Stat(labKubeconfig); err == nil {
		return true
	}
	return kube.Startable(context.Background(), o.machine(), thisHost) == kube.Lab
}

// labChoice is whether ChooseCluster takes the lab. It is known before the lab has started: tools are built meanwhile.
// The methods accept nil, which is a run that chooses no cluster.
type labChoice struct {
	once sync.Once
	done chan struct{}
	lab  bool
}

func newLabChoice() *labChoice { return &labChoice{done: make(chan struct{})} }

// set keeps the first answer.
func (c *labChoice) set(lab bool) {
	if c != nil {
		c.once.Do(func() { c.lab = lab; close(c.done) })
	}
}

func (c *labChoice) get() (lab, known bool) {
	if c == nil {
		return false, false
	}
	select {
	case <-c.done:
		return c.lab, true
	default:
		return false, false
	}
}

// wait returns when the choice is known. ChooseCluster itself must not call it.
func (c *labChoice) wait(ctx context.Context) {
	if c == nil {
		return
	}
	select {
	case <-c.done:
	case <-ctx.Done():
	}
}

// timeoutMemory is how long a lab does without downloads after a connection that was neither accepted nor refused: each
// costs connectLimit. A refusal costs nothing and is not remembered. Other clusters have no substitute: each run tries.
const timeoutMemory = 10 * time.Minute

func (o *Ops) timeoutMark() string { return o.stackState("download-timeout") }

// rememberTimeout keeps that a network did not answer.
func (o *Ops) rememberTimeout(err error) {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		_ = writeFile(o.timeoutMark(), []byte(oneLine(err.Error()))) // without it, the next run waits again
	}
}

// rememberedTimeout is the error that rememberTimeout kept, on the lab, for timeoutMemory.
func (o *Ops) rememberedTimeout() error {
	if cluster, err := o.Cluster(); os.Getenv("LAB") != "1" && (err != nil || cluster.Kind != "lab") {
		return nil
	}
	info, err := os.Stat(o.timeoutMark())
	if err != nil || time.Since(info.ModTime()) > timeoutMemory {
		return nil
	}
	text, err := os.ReadFile(o.timeoutMark())
	if err != nil {
		return nil
	}
	return fmt.Errorf("%s (a few minutes ago; to try again at once: rm %s)", text, o.timeoutMark())
}
