package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"todo/internal/services"
)

// A forward serves one of the stack's localhost URLs from a Service.
type forward struct {
	service, port string // the port on localhost; the Service's own may be another
}

// servicePort is the port's name on each of the stack's Services (components/workload.go).
const servicePort = "http"

// forwards are the stack's URLs on localhost. A stack with a domain has none: its URLs need no help.
func (out Outputs) forwards() []forward {
	var all []forward
	for _, f := range []struct{ service, url string }{
		{services.Web, out.WebURL}, {services.Chatbot, out.ChatbotURL}, {services.Backend, out.APIURL},
	} {
		if u, err := url.Parse(f.url); err == nil && u.Hostname() == "localhost" {
			all = append(all, forward{f.service, u.Port()})
		}
	}
	return all
}

const (
	// pulse is how often a forward is tried. A forward to a pod that has gone looks alive until it is used.
	pulse = 2 * time.Second
	// retryDelay is the pause before a broken forward is made anew.
	retryDelay = 500 * time.Millisecond
)

// Forward serves the stack's localhost URLs until ctx ends, and makes a forward anew whenever its pod goes away.
func (o *Ops) Forward(ctx context.Context) error {
	if err := o.stopForward(); err != nil { // the one that `up` left in the background
		return err
	}
	if err := o.FindTools(ctx); err != nil {
		return err
	}
	cluster, err := o.Cluster()
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("stack %s is not up: make up", o.Stack)
	} else if err != nil {
		return err
	}
	out, err := o.Outputs(ctx)
	if err != nil {
		return err
	}
	all := out.forwards()
	if len(all) == 0 {
		fmt.Printf("Stack %s serves %s itself: there is nothing to forward.\n", o.Stack, out.WebURL)
		return nil
	}
	if err := o.portsFree(); err != nil {
		return err
	}
	release, err := o.holdForward()
	if err != nil {
		return err
	}
	rolled := make(chan os.Signal, 1)
	signal.Notify(rolled, podsRolled)
	var wait sync.WaitGroup
	var tell []chan struct{}
	for _, f := range all {
		told := make(chan struct{}, 1)
		tell = append(tell, told)
		wait.Go(func() {
			for said := ""; ctx.Err() == nil && !cluster.gone(); {
				err := o.forwardOnce(ctx, cluster, out.Namespace, f, told)
				if ctx.Err() != nil {
					break
				}
				if err.Error() != said { // once, however long it takes
					said = err.Error()
					fmt.Printf("%s  %s: %s; connecting again\n", time.Now().Format(time.TimeOnly), f.service, said)
				}
				pause := retryDelay
				if errors.Is(err, errNoPod) { // which may be for good: a service with 0 replicas
					pause = pulse
				}
				select {
				case <-ctx.Done():
				case <-told:
				case <-time.After(pause):
				}
			}
		})
	}
	go func() {
		for range rolled {
			for _, told := range tell {
				select {
				case told <- struct{}{}:
				default: // it has been told already
				}
			}
		}
	}()
	wait.Wait()
	signal.Stop(rolled)
	close(rolled)
	return release()
}

// podsRolled tells a running forward that new pods serve, so that it leaves those that are on their way out.
const podsRolled = syscall.SIGUSR1

// followRollout has the forward, if one runs, serve the URLs from the pods that the Services send requests to now. A
// port-forward holds on to its pod, and the pods of the last release serve for some seconds more.
func (o *Ops) followRollout() error {
	pid := o.forwardRunning()
	if pid == 0 {
		return nil
	}
	if err := syscall.Kill(pid, podsRolled); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("telling the forward (process %d) of the new pods: %w", pid, err)
	}
	return nil
}

// servingPods are the pods that a Service sends requests to: Ready, and not on their way out.
func (o *Ops) servingPods(ctx context.Context, c Cluster, namespace, service string) ([]string, error) {
	text, err := o.kubectl(ctx, c, "get", "endpointslices", "-l", "kubernetes.io/service-name="+service, "-n", namespace, "--request-timeout=15s",
		"-o", `jsonpath={range .items[*].endpoints[?(@.conditions.ready==true)]}{.targetRef.name} {end}`)
	if err != nil {
		return nil, fmt.Errorf("looking for the pods of %s: %w", service, err)
	}
	return strings.Fields(text), nil
}

var errNoPod = errors.New("no pod is Ready")

// forwardOnce keeps one port-forward until it breaks, or until its pod is not one that the Service uses when it is told to look.
func (o *Ops) forwardOnce(ctx context.Context, c Cluster, namespace string, f forward, told <-chan struct{}) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pods, err := o.servingPods(ctx, c, namespace, f.service)
	if err != nil {
		return err
	}
	if len(pods) == 0 {
		return errNoPod
	}
	// Not service/<name>: for that kubectl takes the pod that has been Ready longest, which in a rollout is the one that goes.
	pod := pods[0]
	fmt.Printf("%s  http://localhost:%s → %s, pod %s\n", time.Now().Format(time.TimeOnly), f.port, f.service, pod)
	var said strings.Builder
	cmd := o.kubectlCommand(ctx, c, "-n", namespace, "port-forward", "pod/"+pod, f.port+":"+servicePort)
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting kubectl: %w", err)
	}
	go func() {
		for missed := 0; missed < 2; {
			select {
			case <-ctx.Done():
				return
			case <-told:
				if pods, err := o.servingPods(ctx, c, namespace, f.service); err == nil && len(pods) > 0 && !slices.Contains(pods, pod) {
					missed = 2
				}
				continue
			case <-time.After(pulse):
			}
			if answers(ctx, "http://localhost:"+f.port+"/") {
				missed = 0
			} else {
				missed++
			}
		}
		cancel()
	}()
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("the connection broke: %w: %s", err, oneLine(said.String()))
	}
	return errors.New("the connection ended")
}

// oneLine is what a command said, for the end of an error line.
func oneLine(said string) string { return strings.ReplaceAll(strings.TrimSpace(said), "\n", "; ") }

// answers tells whether a URL gives any HTTP answer at all within the pulse.
func answers(ctx context.Context, url string) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*pulse)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, url, nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	return true
}

// portsFree refuses a stack whose localhost URLs another program serves. `up` asks before it changes anything.
func (o *Ops) portsFree() error {
	keys, err := o.stackConfig()
	if err != nil || (keys.Exposure != "" && keys.Exposure != "localhost") || o.forwardRunning() > 0 {
		return err
	}
	var taken []error
	for service, port := range keys.localPorts() {
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			taken = append(taken, fmt.Errorf("port %d is taken by another program, and http://localhost:%d needs it; find it with: ss -ltnp 'sport = :%d', or take another: pulumi config set -s %s --path services.%s.localPort %d",
				port, port, port, o.Stack, service, port+10000))
		} else if err := listener.Close(); err != nil {
			return fmt.Errorf("trying port %d: %w", port, err)
		}
	}
	return errors.Join(taken...)
}

// startForward leaves a forward running in the background, so that the URLs work when `up` ends. One that is running
// already heals by itself and stays.
func (o *Ops) startForward(ctx context.Context) error {
	out, err := o.Outputs(ctx)
	if err != nil || len(out.forwards()) == 0 {
		return err
	}
	if o.forwardRunning() > 0 {
		return nil
	}
	log, err := os.Create(o.state("logs", "forward.log"))
	if err != nil {
		return fmt.Errorf("starting the forward: %w", err)
	}
	defer log.Close()
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("starting the forward: %w", err)
	}
	cmd := exec.Command(self, "forward")
	cmd.Dir, cmd.Stdout, cmd.Stderr = o.Root, log, log
	cmd.Env = append(os.Environ(), "STACK="+o.Stack)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting the forward: %w", err)
	}
	return cmd.Process.Release()
}

// holdForward makes this process the stack's forward for as long as it lives. The kernel frees the lock when the process
// ends, however it ends, so a held lock is a running forward and the id in the file is its own.
func (o *Ops) holdForward() (release func() error, err error) {
	file, err := os.OpenFile(o.stackState("forward"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("starting the forward: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, fmt.Errorf("stack %s is being forwarded by another process already", o.Stack)
	}
	if err := file.Truncate(0); err != nil {
		return nil, fmt.Errorf("starting the forward: %w", err)
	}
	if _, err := fmt.Fprintln(file, os.Getpid()); err != nil {
		return nil, fmt.Errorf("starting the forward: %w", err)
	}
	return file.Close, nil
}

// forwardRunning is the process id of the stack's running forward, or 0.
func (o *Ops) forwardRunning() int {
	file, err := os.Open(o.stackState("forward"))
	if err != nil {
		return 0
	}
	defer file.Close()
	if syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) == nil {
		return 0
	}
	var pid int
	if _, err := fmt.Fscan(file, &pid); err != nil {
		return 0
	}
	return pid
}

// stopForward ends the stack's running forward, and no other process.
func (o *Ops) stopForward() error {
	pid := o.forwardRunning()
	if pid == 0 {
		return nil
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stopping the forward (process %d): %w", pid, err)
	}
	for range 100 {
		if o.forwardRunning() == 0 {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("the forward (process %d) does not stop: kill -9 %d", pid, pid)
}
