package build

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// nodeLocks are the lock files, and whose they are.
var nodeLocks = map[string]string{
	"package-lock.json": "npm", "pnpm-lock.yaml": "pnpm", "yarn.lock": "yarn", "bun.lock": "bun", "bun.lockb": "bun",
}

type packageJSON struct {
	PackageManager string
	Engines        struct{ Node string }
	Scripts        map[string]string
}

func nextJS(r Request) (Plan, error) {
	var locks []string
	for name := range nodeLocks {
		locks = append(locks, name)
	}
	context, found := root(r.Folder, locks, isNodeWorkspace)
	if context == "" {
		return Plan{}, &Problem{Got: "neither the source nor a folder above it has a lock file", Want: "one of " + names(locks),
			Fix: "npm install in " + r.Folder + ", and commit the file"}
	}
	managers := map[string]bool{}
	for _, name := range found {
		managers[nodeLocks[name]] = true
	}
	if len(managers) > 1 {
		return Plan{}, &Problem{Got: "there are " + names(found), Want: "they are of different package managers, and name different versions",
			Fix: "remove all but one in " + context}
	}
	manager := nodeLocks[found[0]]
	own, err := readPackage(r.Folder)
	if err != nil {
		return Plan{}, err
	}
	workspace, err := readPackage(context)
	if err != nil {
		return Plan{}, err
	}
	if named, _, _ := strings.Cut(workspace.PackageManager, "@"); named != "" && named != manager {
		return Plan{}, &Problem{Got: fmt.Sprintf("package.json names %s and the lock file is %s", workspace.PackageManager, found[0]),
			Want: "the package manager has to be that of the lock file", Fix: named + " install in " + context + ", and remove " + found[0]}
	}
	for _, wanted := range []string{own.Engines.Node, workspace.Engines.Node, nvmrc(r.Folder), nvmrc(context)} {
		if err := checkNode(r.NodeMajor, wanted); err != nil {
			return Plan{}, err
		}
	}
	if own.Scripts["build"] == "" {
		return Plan{}, &Problem{Got: "package.json has no script build", Want: "the image is built by it",
			Fix: `npm pkg set scripts.build="next build" in ` + r.Folder}
	}
	if err := refuseTokens(context, r.Folder); err != nil {
		return Plan{}, err
	}
	dir, err := member(context, r.Folder)
	if err != nil {
		return Plan{}, err
	}
	args := map[string]string{"APP_DIR": dir, "APP_PORT": fmt.Sprint(or(r.Port, 3000)), "LAYERED": layered(context, dir)}
	if needs(filepath.Join(context, "yarn.lock"), "__metadata:") && workspace.PackageManager == "" {
		args["YARN_BERRY"] = "1"
	}
	return Plan{Preset: NextJS, Context: context, Dockerfile: "nextjs.Dockerfile", Shared: true, Args: args,
		Writable: []string{filepath.ToSlash(filepath.Join("/app", dir, ".next/cache"))}}, nil
}

func isNodeWorkspace(folder string) bool {
	return isFile(filepath.Join(folder, "pnpm-workspace.yaml")) || needs(filepath.Join(folder, "package.json"), `"workspaces"`)
}

// readsSources are what makes an install read more than package.json and the lock file: its own scripts, and packages that are
// in the repository.
var readsSources = []string{`"postinstall"`, `"preinstall"`, `"install"`, `"prepare"`, `"file:`, `"link:`, `"workspace:`, `"patcheddependencies"`}

// layered is "1" when package.json and the lock file are all that an install reads. Then a change of source keeps the layer of
// the dependencies.
func layered(context, dir string) string {
	if dir != "." || isNodeWorkspace(context) {
		return ""
	}
	for _, name := range []string{"prisma", "patches", ".yarn"} {
		if isFolder(filepath.Join(context, name)) {
			return ""
		}
	}
	for _, text := range readsSources {
		if needs(filepath.Join(context, "package.json"), text) {
			return ""
		}
	}
	return "1"
}

func readPackage(folder string) (packageJSON, error) {
	var p packageJSON
	text, err := os.ReadFile(filepath.Join(folder, "package.json"))
	if err != nil {
		return p, &Problem{Got: "there is no package.json in " + folder, Want: "a Next.js application has one", Fix: "npm init in " + folder}
	}
	if err := json.Unmarshal(text, &p); err != nil {
		return p, &Problem{Got: fmt.Sprintf("package.json cannot be read: %v", err), Want: "it must be JSON", Fix: "correct " + filepath.Join(folder, "package.json")}
	}
	return p, nil
}

// nvmrc is the version that the folder asks of nvm; "" without one, or when it names an alias.
func nvmrc(folder string) string {
	text, err := os.ReadFile(filepath.Join(folder, ".nvmrc"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// major is the first major version that a range names, and what is before it.
var major = regexp.MustCompile(`^\s*([>=^~v]*)\s*(\d+)`)

// checkNode compares the base image's Node with what a source asks for: npm only warns, and what then fails is hard to read.
func checkNode(has int, wanted string) error {
	match := major.FindStringSubmatch(wanted)
	if has == 0 || match == nil || strings.Contains(wanted, "||") {
		return nil
	}
	named, err := strconv.Atoi(match[2])
	open := strings.HasPrefix(match[1], ">")
	if err != nil || has == named || (open && has > named) {
		return nil
	}
	return &Problem{Got: fmt.Sprintf("the source asks for Node %s and the base image has %d", wanted, has), Want: "the base image has to be of that line",
		Fix: fmt.Sprintf("pulumi config set --path baseImages.node node:%d-alpine", named)}
}
