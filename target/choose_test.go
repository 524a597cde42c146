package target

import (
	"slices"
	"strings"
	"testing"
)

// The addresses of the API servers in testdata.
const (
	atMinikube = "192.168.49.2:8443"
	atKind     = "127.0.0.1:39021"
	atK3d      = "0.0.0.0:6550"
	atColima   = "192.168.106.2:6443"
)

func TestTheClusterThatIsTaken(t *testing.T) {
	stopped := map[string]answer{"minikube config get profile": {"", exit(14)}, "minikube -p minikube status": {"",
		exit(7)}}
	for name, c := range map[string]struct {
		files    []string // the first one's current context counts
		commands map[string]answer
		env      map[string]string
		answers  []string
		want     Cluster
		several  []string // contexts of the list, when none is taken
	}{
		"none": {},
		"a remote current context": {files: []string{"cloud"},
			answers: []string{"0a1b2c3d.gr7.eu-west-1.eks.amazonaws.com:443"}},
		"a kind name somewhere public": {files: []string{"public"}, answers: []string{"203.0.113.7:6443"}},
		"Minikube": {files: []string{"minikube"}, answers: []string{atMinikube}, want: Cluster{Minikube,
			"minikube", "minikube", Running, true}},
		"kind": {files: []string{"kind"}, answers: []string{atKind}, want: Cluster{Kind, "dev",
			"kind-dev", Running, true}},
		"k3d": {files: []string{"k3d"}, answers: []string{atK3d}, want: Cluster{K3d, "shop",
			"k3d-shop", Running, true}},
		"Docker Desktop": {files: []string{"docker-desktop"}, answers: []string{"kubernetes.docker.internal:6443"},
			want: Cluster{DockerDesktop, "docker-desktop", "docker-desktop", Running, true}},
		"OrbStack": {files: []string{"orbstack"}, answers: []string{"127.0.0.1:26443"}, want: Cluster{OrbStack, "orbstack",
			"orbstack", Running, true}},
		"Rancher Desktop": {files: []string{"rancher-desktop"}, answers: []string{"127.0.0.1:6443"},
			want: Cluster{RancherDesktop, "rancher-desktop", "rancher-desktop", Running, true}},
		"Colima": {files: []string{"colima"}, answers: []string{atColima}, want: Cluster{Colima, "colima-work",
			"colima-work", Running, true}},
		"MicroK8s": {files: []string{"microk8s"}, answers: []string{"192.168.1.20:16443"},
			want: Cluster{MicroK8s, "microk8s-cluster", "microk8s", Running, true}},
		"a renamed context": {files: []string{"renamed"}, answers: []string{atKind}, want: Cluster{Kind, "dev", "laptop",
			Running, true}},
		"two contexts of one cluster": {files: []string{"renamed", "kind"}, answers: []string{atKind},
			want: Cluster{Kind, "dev", "laptop", Running, true}},
		"one, and the current context is remote": {files: []string{"cloud", "kind"}, answers: []string{atKind},
			want: Cluster{Kind, "dev", "kind-dev", Running, true}},
		"several, one is current": {files: []string{"k3d", "kind", "minikube"}, answers: []string{atKind, atK3d, atMinikube},
			want: Cluster{K3d, "shop", "k3d-shop", Running, true}},
		"several, a remote one is current": {files: []string{"cloud", "kind", "k3d"}, answers: []string{atKind, atK3d},
			several: []string{"k3d-shop", "kind-dev"}},
		"a stopped Minikube, whose context is gone": {commands: stopped, want: Cluster{Minikube, "minikube", "minikube",
			Stopped, false}},
		"a stopped profile of another name, by variable": {env: map[string]string{"MINIKUBE_PROFILE": "work"},
			commands: map[string]answer{"minikube -p work status": {"", exit(7)}}, want: Cluster{Minikube, "work", "work",
				Stopped, false}},
		"a stopped profile of another name, by setting": {
			commands: map[string]answer{"minikube config get profile": {"work\n", nil}, "minikube -p work status": {"",
				exit(7)}},
			want: Cluster{Minikube, "work", "work", Stopped, false}},
		"a stopped Minikube beside a kind": {files: []string{"cloud", "kind"}, answers: []string{atKind}, commands: stopped,
			several: []string{"kind-dev", "minikube"}},
		"Minikube after a reboot": {files: []string{"minikube"}, commands: stopped, want: Cluster{Minikube, "minikube",
			"minikube", Stopped, true}},
		"a deleted Minikube's context": {files: []string{"minikube"},
			commands: map[string]answer{"minikube config get profile": {"", exit(14)}, "minikube -p minikube status": {"",
				exit(85)}}},
		"Minikube's context, and no Minikube": {files: []string{"minikube"}}, // off: nothing here can start it
		"a stopped kind": {files: []string{"kind"}, commands: map[string]answer{"kind get clusters": {"dev\n", nil}},
			want: Cluster{Kind, "dev", "kind-dev", Stopped, true}},
		"a deleted kind's context": {files: []string{"kind"}, commands: map[string]answer{"kind get clusters": {"", nil}}},
		"a kind without Docker": {files: []string{"kind"}, commands: map[string]answer{"kind get clusters": {"",
			exit(1)}}},
		"a kind without a context": {commands: map[string]answer{"kind get clusters": {"todo\n", nil}},
			want: Cluster{Kind, "todo", "kind-todo", Stopped, false}},
		"a stopped k3d": {files: []string{"k3d"},
			commands: map[string]answer{"k3d cluster list -o json": {recorded(t, "k3d-clusters.json"), nil}},
			want:     Cluster{K3d, "shop", "k3d-shop", Stopped, true}},
		"a deleted k3d's context": {files: []string{"k3d"},
			commands: map[string]answer{"k3d cluster list -o json": {"[]", nil}}},
		"Docker Desktop switched off": {files: []string{"docker-desktop"}},
		"Docker Desktop switched off, and a kind": {files: []string{"docker-desktop", "kind"}, answers: []string{atKind},
			want: Cluster{Kind, "dev", "kind-dev", Running, true}},
		"the lab's context is the lab's business": {files: []string{"lab"}, answers: []string{"127.0.0.1:6443"}},
	} {
		f := fake{commands: c.commands, env: c.env, answers: c.answers}
		k := kubeconfig(t, c.files...)
		found := Find(t.Context(), f.machine(), k)
		got, ok := Choose(found, k.Current)
		if got != c.want || ok != (c.want != Cluster{}) {
			t.Errorf("%s: %+v is taken of %+v, want %+v", name, got, found, c.want)
		}
		var contexts []string
		if usable := Usable(found); len(usable) > 1 && !ok {
			for _, u := range usable {
				contexts = append(contexts, u.Context)
			}
		}
		if !slices.Equal(contexts, c.several) {
			t.Errorf("%s: the choice is between %v, want %v", name, contexts, c.several)
		}
		for _, asked := range f.asked {
			if asked == "minikube profile" {
				t.Errorf("%s: `minikube profile` was run: without a terminal it prints a list", name)
			}
		}
	}
}

func TestWhatIsStartedWhereNoClusterExists(t *testing.T) {
	ok := answer{}
	debian, ubuntu := "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\n",
		"NAME=\"Ubuntu\"\nID=ubuntu\nID_LIKE=debian\n"
	for name, c := range map[string]struct {
		commands map[string]answer
		host     Host
		release  string
		want     Tool
	}{
		"Minikube": {commands: map[string]answer{"minikube": ok, "kind": ok, "docker": ok},
			host: Host{"darwin", false}, want: Minikube},
		"kind": {commands: map[string]answer{"kind": ok, "docker": ok}, host: Host{"darwin", false},
			want: Kind},
		"kind without Docker": {commands: map[string]answer{"kind": ok}, host: Host{"linux", false},
			release: debian},
		"Docker alone": {commands: map[string]answer{"docker": ok}, host: Host{"linux", false},
			release: debian},
		"nothing, on a Mac":       {host: Host{"darwin", true}},
		"nothing, not root":       {host: Host{"linux", false}, release: debian},
		"nothing, root on Debian": {host: Host{"linux", true}, release: debian, want: Lab},
		"CI: docker without an Engine": {commands: map[string]answer{"docker": {"", exit(1)}}, host: Host{"linux", true},
			release: debian, want: Lab},
		"nothing, root on Ubuntu": {host: Host{"linux", true}, release: ubuntu},
	} {
		f := fake{commands: c.commands, files: map[string]string{"/etc/os-release": c.release}}
		if got := Startable(t.Context(), f.machine(), c.host); got != c.want {
			t.Errorf("%s: %q would be started, want %q", name, got, c.want)
		}
	}
}

func TestANewMinikube(t *testing.T) {
	profiles := answer{recorded(t, "minikube-profiles.json"), nil}
	for name, c := range map[string]struct {
		profile  string
		commands map[string]answer
		want     string
	}{
		"new": {"fresh", map[string]answer{"minikube": profiles, "docker": {"[name=seccomp,profile=builtin]",
			nil}}, "start -p fresh --keep-context --container-runtime=docker"},
		"no profile at all": {"minikube", map[string]answer{"minikube": {"", exit(14)}, "docker": {"[]", nil}},
			"start -p minikube --keep-context --container-runtime=docker"},
		"a virtual machine": {"fresh", map[string]answer{"minikube": profiles},
			"start -p fresh --keep-context --container-runtime=docker"},
		"existing": {"work", map[string]answer{"minikube": profiles}, "start -p work --keep-context"},
		"rootless Docker": {"fresh", map[string]answer{"minikube": profiles,
			"docker": {"[name=seccomp,profile=builtin name=rootless name=cgroupns]", nil}}, "start -p fresh --keep-context"},
		"Podman, not Docker": {"fresh", map[string]answer{"minikube": profiles, "docker": {"", exit(1)}, "podman": {}},
			"start -p fresh --keep-context"},
	} {
		f := fake{commands: c.commands}
		if got := strings.Join(MinikubeStart(t.Context(), f.machine(), c.profile), " "); got != c.want {
			t.Errorf("%s: minikube %s, want minikube %s", name, got, c.want)
		}
	}
}

func TestWhatBecameOfAMissingContext(t *testing.T) {
	for name, c := range map[string]struct {
		context  string
		commands map[string]answer
		want     string
		starts   bool
	}{
		"stopped Minikube": {"work", map[string]answer{"minikube": {"", exit(7)}},
			"Minikube (profile work) is stopped: make up starts it", true},
		"deleted Minikube": {"minikube", map[string]answer{"minikube": {"", exit(85)}},
			"Minikube has no profile minikube any more", false},
		"no such profile": {"staging", map[string]answer{"minikube": {"", exit(85)}}, "", false},
		"no Minikube":     {"staging", nil, "", false},
		"deleted kind": {"kind-dev", map[string]answer{"kind": {"other\n", nil}}, "kind has no cluster dev any more",
			false},
		"kind, elsewhere": {"kind-dev", map[string]answer{"kind": {"dev\n", nil}},
			"kind has the cluster dev, but this kubeconfig has no context of it", true},
		"no kind":     {"kind-dev", nil, "", false},
		"deleted k3d": {"k3d-x", map[string]answer{"k3d": {"[]", nil}}, "k3d has no cluster x any more", false},
	} {
		f := fake{commands: c.commands}
		if got, starts := Missing(t.Context(), f.machine(), c.context); got != c.want || starts != c.starts {
			t.Errorf("%s: %q (%v), want %q (%v)", name, got, starts, c.want, c.starts)
		}
	}
}
