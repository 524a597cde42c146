package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// installPlugins makes folders as Pulumi does for installed plugins.
func installPlugins(t *testing.T, ops *Ops) {
	t.Helper()
	for _, p := range plugins {
		version, err := ops.moduleVersion("go.mod", p.module)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(pulumiHome(), "plugins", "resource-"+p.name+"-"+version), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// testLab puts a `lab` that builds nothing into the checkout, in the place of one that Go would build.
func testLab(t *testing.T, ops *Ops) (folders string) {
	t.Helper()
	folders = filepath.Join(t.TempDir(), "home of me")
	script := `#!/bin/sh
PATH=/bin:/usr/bin
[ "$1" = tools ] && shift
[ "$1" = -built ] && exit 0
for name; do
	mkdir -p '` + folders + `'/"$name"
	printf '#!/bin/sh\n' >'` + folders + `'/"$name"/"$name"
	chmod +x '` + folders + `'/"$name"/"$name"
	echo '` + folders + `'/"$name"
done
`
	if err := writeFile(filepath.Join(ops.Root, "bin", "lab"), []byte(script)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(ops.Root, "bin", "lab"), 0o755); err != nil {
		t.Fatal(err)
	}
	ops.tools.lab.Do(func() {}) // it is built
	return folders
}

// TestWherePluginsComeFrom is the table of all decisions: which cluster, production or not, whether the download works,
// and whether a shell has kept the lab's plugins on PATH.
func TestWherePluginsComeFrom(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the lab builds on Linux only")
	}
	const (
		prod    = "  todo:production: true\n"
		cloud   = prod + "  todo:kubeContext: eks\n"
		onlyLab = "only the lab replaces it (LAB=1"
		noStub  = "a production stack never gets the lab's stub"
	)
	for name, test := range map[string]struct {
		config, cluster string // the stack's, and what make up chose
		forced          bool   // LAB=1
		download        bool   // the sites answer
		stubsOnPath     bool   // the shell ran eval "$(make env)"
		want            string // built, installed, or the end of the refusal
	}{
		"lab":                             {cluster: "lab", want: "built"},
		"lab, the download works":         {cluster: "lab", download: true, want: "installed"},
		"lab, stubs on PATH":              {cluster: "lab", stubsOnPath: true, want: "built"},
		"lab, real ones can be had now":   {cluster: "lab", stubsOnPath: true, download: true, want: "installed"},
		"a rehearsal on the lab":          {config: prod + "  todo:kubeContext: todo-lab\n", want: "built"},
		"minikube":                        {cluster: "minikube", want: onlyLab},
		"minikube, the download works":    {cluster: "minikube", download: true, want: "installed"},
		"minikube, stubs on PATH":         {cluster: "minikube", stubsOnPath: true, want: onlyLab},
		"minikube, LAB=1":                 {cluster: "minikube", forced: true, want: "built"},
		"another context":                 {config: "  todo:kubeContext: kind-a\n", want: onlyLab},
		"production":                      {config: cloud, want: noStub},
		"production, the download works":  {config: cloud, download: true, want: "installed"},
		"production, stubs on PATH":       {config: cloud, stubsOnPath: true, want: noStub},
		"production, LAB=1":               {config: cloud, forced: true, want: noStub},
		"production, chosen by an old up": {config: prod, cluster: "lab", forced: true, want: noStub},
		"rendered manifests":              {config: prod + "  todo:renderYaml: rendered\n", want: onlyLab},
		"rendered manifests, LAB=1":       {config: prod + "  todo:renderYaml: rendered\n", forced: true, want: "built"},
	} {
		t.Run(name, func(t *testing.T) {
			ops := downloading(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if !test.download || !strings.HasPrefix(r.URL.Path, "/plugins/") {
					http.NotFound(w, r)
				}
			}))
			if err := os.WriteFile("Pulumi.dev.yaml", []byte("config:\n  todo:namespace: x\n"+test.config), 0o600); err != nil {
				t.Fatal(err)
			}
			if test.cluster != "" {
				if err := writeFile(ops.stackState("cluster.json"), []byte(`{"kind":"`+test.cluster+`"}`)); err != nil {
					t.Fatal(err)
				}
			}
			if test.forced {
				t.Setenv("LAB", "1")
			}
			if test.stubsOnPath {
				folder := filepath.Join(os.Getenv("XDG_CACHE_HOME"), "todo-lab", "pulumi-resource-docker-0123")
				stub := filepath.Join(folder, "pulumi-resource-docker")
				if err := writeFile(stub, []byte("#!/bin/sh\n")); err != nil {
					t.Fatal(err)
				}
				if err := os.Chmod(stub, 0o755); err != nil {
					t.Fatal(err)
				}
				t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
			}
			folders := testLab(t, ops)
			installed := filepath.Join(t.TempDir(), "installed")
			pulumi := script(t, "pulumi", `echo "$@" >>'`+installed+"'\n")

			err := ops.findPlugins(t.Context(), pulumi)
			calls, _ := os.ReadFile(installed)
			onPath := ops.look("pulumi-resource-docker")
			switch test.want {
			case "built":
				want := filepath.Join(folders, "pulumi-resource-docker", "pulumi-resource-docker")
				if err != nil || onPath != want {
					t.Errorf("the docker plugin is %q (%v), want the lab's, %s", onPath, err, want)
				}
			case "installed":
				want := "plugin install resource docker v4.10.0 --exact\n"
				if err != nil || !strings.Contains(string(calls), want) || onPath != "" {
					t.Errorf("error = %v, pulumi was called with %q, and on PATH is %q: want %q, and nothing on PATH",
						err, calls, onPath, want)
				}
			default:
				for _, want := range []string{
					test.want, "Pulumi plugin docker v4.10.0 is not installed and cannot be downloaded", "404 Not Found",
					pulumi + " plugin install resource docker v4.10.0 --file pulumi-resource-docker-v4.10.0-",
				} {
					if err == nil || !strings.Contains(err.Error(), want) {
						t.Errorf("error = %v, want %q", err, want)
					}
				}
			}
			if !test.download && len(calls) > 0 {
				t.Errorf("pulumi was called with %q where no site answers: that takes seconds at each run", calls)
			}
		})
	}
}

// A shell's PATH keeps everything but the lab's plugins, also with spaces.
func TestOnlyTheLabsPluginsLeavePATH(t *testing.T) {
	downloading(t, http.NotFoundHandler()) // for its home folder
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	stub := filepath.Join(cache, "todo-lab", "pulumi-resource-random-9")
	kubectl := filepath.Join(cache, "todo-lab", "kubectl-1")
	mine := filepath.Join(t.TempDir(), "my tools")
	plugin := "/pulumi-resource-random"
	for _, file := range []string{stub + plugin, kubectl + "/kubectl", mine + plugin} {
		if err := writeFile(file, nil); err != nil {
			t.Fatal(err)
		}
	}
	got := withoutLabPlugins(strings.Join([]string{mine, stub, "", kubectl, "/usr/bin"}, ":"))
	if want := strings.Join([]string{mine, "", kubectl, "/usr/bin"}, ":"); got != want {
		t.Errorf("PATH = %q, want %q", got, want)
	}
}

// While the cluster is being chosen, what depends on it waits; the download does not.
func TestPluginsWaitForTheChoiceOfTheCluster(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the lab builds on Linux only")
	}
	for lab, want := range map[bool]string{true: "", false: "only the lab replaces it"} {
		t.Run(fmt.Sprintf("lab %t", lab), func(t *testing.T) {
			asked := make(chan struct{}, 100)
			ops := downloading(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked <- struct{}{}
				http.NotFound(w, r)
			}))
			testLab(t, ops)
			ops.choice = newLabChoice()
			ready := make(chan error, 1)
			go func() { ready <- ops.findPlugins(t.Context(), "pulumi") }()
			<-asked
			select {
			case err := <-ready:
				t.Fatalf("decided before the cluster was chosen: %v", err)
			default:
			}
			ops.choice.set(lab)
			ops.choice.set(!lab) // the first answer counts
			if err := <-ready; (err == nil) != lab || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("error = %v, want %q", err, want)
			}
		})
	}
}

func TestAFailedInstallationNamesItsReason(t *testing.T) {
	ops := downloading(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	pulumi := script(t, "pulumi",
		`printf 'Downloading: 1 %%\rDownloading: 2 %%\rerror: no space left on device\n' >&2; exit 255`)
	err := ops.installPlugin(t.Context(), pulumi, "docker", "v4.10.0")
	if want := "exit status 255: error: no space left on device"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error = %v, want %q, Pulumi's last line", err, want)
	}
	if _, err := os.Stat(".state/no-download"); err == nil {
		t.Error("the failure is remembered: a full disk or a short outage would count for a day")
	}
}

func TestAPartialPluginIsMissing(t *testing.T) {
	ops := downloading(t, http.NotFoundHandler())
	installPlugins(t, ops)
	if missing, err := ops.missingPlugins(); err != nil || len(missing) != 0 {
		t.Fatalf("missing are %v (%v), want none", missing, err)
	}
	if err := writeFile(filepath.Join(pulumiHome(), "plugins", "resource-random-v4.19.1.partial"), nil); err != nil {
		t.Fatal(err)
	}
	if missing, err := ops.missingPlugins(); err != nil || len(missing) != 1 || missing[0].name != "random" {
		t.Errorf("missing are %v (%v), want random, whose installation was interrupted", missing, err)
	}
}
