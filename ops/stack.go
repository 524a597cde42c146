package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// PrepareStack makes sure that the stack exists in its backend and that `pulumi` can be run on it without a question.
// No committed file changes: the passphrase is .state/passphrase, and the encryption salt, which Pulumi writes into the
// stack's config file, goes into a copy of that file (configFile).
func (o *Ops) PrepareStack(ctx context.Context) error {
	if err := o.makePassphrase(); err != nil {
		return err
	}
	if err := os.MkdirAll(o.state("pulumi"), 0o700); err != nil {
		return fmt.Errorf("creating the state backend: %w", err)
	}
	if err := o.breakDeadLock(); err != nil {
		return err
	}
	committed, err := os.ReadFile(filepath.Join(o.Root, "Pulumi."+o.Stack+".yaml"))
	if err != nil {
		return fmt.Errorf("reading the stack's config: %w", err)
	}
	if err := writeFile(o.configFile(), committed); err != nil {
		return fmt.Errorf("copying the stack's config: %w", err)
	}
	if exists, err := o.stackExists(ctx); err != nil || exists {
		return err
	}
	// `stack init` takes no --config-file; it is run in a copy of the project's folder instead.
	init := o.stackState("init")
	project, err := os.ReadFile(filepath.Join(o.Root, "Pulumi.yaml"))
	if err != nil {
		return fmt.Errorf("reading the project: %w", err)
	}
	for name, text := range map[string][]byte{"Pulumi.yaml": project, "Pulumi." + o.Stack + ".yaml": committed} {
		if err := writeFile(filepath.Join(init, name), text); err != nil {
			return fmt.Errorf("creating stack %s: %w", o.Stack, err)
		}
	}
	cmd := o.pulumiCommand(ctx, "-C", init, "stack", "init", o.Stack, "--no-select")
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("creating stack %s: %w: %s", o.Stack, err, bytes.TrimSpace(text))
	}
	return os.RemoveAll(init)
}

// configFile is the copy of Pulumi.<stack>.yaml that the verbs give to Pulumi. Pulumi completes it with the encryption
// salt, which it finds in the stack's state; the committed file stays as it is.
func (o *Ops) configFile() string { return o.stackState("Pulumi." + o.Stack + ".yaml") }

func (o *Ops) stackExists(ctx context.Context) (bool, error) {
	text, err := o.pulumiCommand(ctx, "stack", "ls", "--json").Output()
	if err != nil {
		return false, fmt.Errorf("asking the Pulumi backend for its stacks: %w%s", err, stderrOf(err))
	}
	var stacks []struct{ Name string }
	if err := json.Unmarshal(text, &stacks); err != nil {
		return false, fmt.Errorf("asking the Pulumi backend for its stacks: %w", err)
	}
	for _, s := range stacks {
		if s.Name == o.Stack || strings.HasSuffix(s.Name, "/"+o.Stack) {
			return true, nil
		}
	}
	return false, nil
}

// pulumi runs one Pulumi command on the stack with this terminal. When ctx ends, Pulumi gets SIGINT: it finishes the
// step it is in and saves its state, so the next run continues from there.
func (o *Ops) pulumi(ctx context.Context, args ...string) error {
	cmd := o.pulumiCommand(ctx, append(args, "--stack", o.Stack, "--config-file", o.configFile())...)
	if isTerminal(os.Stdout) {
		// Pulumi draws its own live tree, and a terminal's Ctrl-C reaches it without help; a second one would kill it.
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
		interrupt := cmd.Cancel
		cmd.Cancel = func() error {
			if errors.As(context.Cause(ctx), &hopeless{}) {
				return interrupt()
			}
			return nil
		}
		return cmd.Run()
	}
	ownGroup(cmd)
	lines, write := io.Pipe()
	cmd.Stdout, cmd.Stderr = write, write
	printed := make(chan error)
	go func() { printed <- printWithout(os.Stdout, lines, "from $PATH at ") }()
	err := cmd.Run()
	return errors.Join(err, write.Close(), <-printed)
}

// printWithout copies lines but those that contain noise. Pulumi warns of every plugin on PATH four times a run, and
// FindTools has said once which ones are used.
func printWithout(w io.Writer, r io.Reader, noise string) error {
	reader := bufio.NewReader(r)
	for {
		line, err := reader.ReadString('\n')
		if !strings.Contains(line, noise) {
			if _, err := io.WriteString(w, line); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// ownGroup keeps a terminal's Ctrl-C from a command, so that an interrupt reaches it once, from here.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func (o *Ops) pulumiCommand(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, o.tools.Pulumi, args...)
	cmd.Dir, cmd.Env = o.Root, o.pulumiEnv()
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 2 * time.Minute
	return cmd
}

// pulumiEnv is this process's environment with what the stack needs added.
func (o *Ops) pulumiEnv() []string {
	env := os.Environ()
	for _, v := range o.exports() {
		env = append(env, v[0]+"="+v[1])
	}
	return env
}

// exports are the variables in which `pulumi` and `kubectl` act on this stack and cluster, in printing order.
// Whatever the user has chosen (a backend by variable or by login, a passphrase) stays as it is.
func (o *Ops) exports() [][2]string {
	vars := [][2]string{
		{"PATH", o.searchPath()},
		{"PULUMI_STACK", o.Stack}, // so that no command needs -s
		{"PULUMI_SKIP_UPDATE_CHECK", "true"},
		// The encryption salt is taken from the stack's state when the config file has none.
		{"PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER", "true"},
	}
	if os.Getenv("PULUMI_BACKEND_URL") == "" && !loggedIn() {
		vars = append(vars, [2]string{"PULUMI_BACKEND_URL", "file://" + o.state("pulumi")})
	}
	if o.ownPassphrase() {
		vars = append(vars, [2]string{"PULUMI_CONFIG_PASSPHRASE_FILE", o.state("passphrase")})
	}
	if cluster, err := o.Cluster(); err == nil && cluster.Kubeconfig != "" {
		vars = append(vars, [2]string{"KUBECONFIG", o.kubeconfig(cluster)})
	}
	return vars
}

// PrintEnv prints the exports for a shell: eval "$(make env)".
func (o *Ops) PrintEnv(ctx context.Context) error {
	if err := errors.Join(o.findPulumi(ctx), o.addKnownTool(ctx, "kubectl")); err != nil {
		if o.look("pulumi") == "" {
			return err
		}
		fmt.Fprintln(os.Stderr, err) // `pulumi config set` needs no plugin
	}
	fmt.Print(o.shell())
	return nil
}

// shell is what a shell has to read so that `pulumi` and `kubectl` act on this stack and cluster.
func (o *Ops) shell() string {
	var lines strings.Builder
	for _, v := range o.exports() {
		fmt.Fprintf(&lines, "export %s=%s\n", v[0], shellQuoted(v[1]))
	}
	// The lab's kubeconfig has one context. Any other may have many, and its current one is not this stack's business.
	if cluster, err := o.Cluster(); err == nil && cluster.Kind != "lab" {
		fmt.Fprintf(&lines, "kubectl() { command kubectl --context %s \"$@\"; }\n", shellQuoted(cluster.Context))
	}
	return lines.String()
}

func shellQuoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// loggedIn tells whether `pulumi login` has chosen a backend for this user.
func loggedIn() bool {
	text, err := os.ReadFile(filepath.Join(pulumiHome(), "credentials.json"))
	if err != nil {
		return false
	}
	var credentials struct{ Current string }
	return json.Unmarshal(text, &credentials) == nil && credentials.Current != ""
}

func pulumiHome() string {
	if home := os.Getenv("PULUMI_HOME"); home != "" {
		return home
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ".pulumi"
	}
	return filepath.Join(home, ".pulumi")
}

func (o *Ops) ownPassphrase() bool {
	return os.Getenv("PULUMI_CONFIG_PASSPHRASE") == "" && os.Getenv("PULUMI_CONFIG_PASSPHRASE_FILE") == ""
}

// makePassphrase writes .state/passphrase once. It encrypts the secrets in the state: whoever loses it loses those.
func (o *Ops) makePassphrase() error {
	if !o.ownPassphrase() {
		return nil
	}
	if err := os.MkdirAll(o.state(), 0o755); err != nil {
		return fmt.Errorf("creating .state: %w", err)
	}
	file, err := os.OpenFile(o.state("passphrase"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("creating the passphrase: %w", err)
	}
	defer file.Close()
	if _, err := file.WriteString(rand.Text() + rand.Text()); err != nil {
		return fmt.Errorf("creating the passphrase: %w", err)
	}
	return file.Sync()
}

// breakDeadLock removes the lock that a killed Pulumi left in the file backend of this checkout. A lock whose process
// lives is another run at work and stays, so Pulumi refuses with its own message.
func (o *Ops) breakDeadLock() error {
	locks, err := filepath.Glob(o.state("pulumi", ".pulumi", "locks", "organization", "todo", o.Stack, "*.json"))
	if err != nil {
		return fmt.Errorf("looking for locks: %w", err)
	}
	for _, path := range locks {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // the run that held it ended this moment
		}
		var lock struct{ Pid int }
		if json.Unmarshal(text, &lock) != nil || lock.Pid <= 0 || syscall.Kill(lock.Pid, 0) == nil {
			continue
		}
		fmt.Printf("  An earlier run (process %d) was killed while it held the stack: releasing its lock.\n", lock.Pid)
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("releasing the lock of process %d: %w", lock.Pid, err)
		}
	}
	return nil
}

// writeFile writes a file that only its owner reads, and the folder it is in.
func writeFile(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}
