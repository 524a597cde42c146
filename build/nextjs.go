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
	context, found := root(r.Folder, locks)
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
	if err := checkNode(r.NodeMajor, own.Engines.Node); err != nil {
		return Plan{}, err
	}
	if own.Scripts["build"] == "" {
		return Plan{}, &Problem{Got: "package.json has no script build", Want: "the image is built by it",
			Fix: `npm pkg set scripts.build="next build" in ` + r.Folder}
	}
	if err := refuseTokens(context); err != nil {
		return Plan{}, err
	}
	dir, err := member(context, r.Folder)
	if err != nil {
		return Plan{}, err
	}
	args := map[string]string{"APP_DIR": dir, "APP_PORT": fmt.Sprint(or(r.Port, 3000)), "LAYERED": layered(context, dir)}
	return Plan{Preset: NextJS, Context: context, Dockerfile: "nextjs.Dockerfile", Shared: true, Args: args,
		Writable: []string{filepath.ToSlash(filepath.Join("/app", dir, ".next/cache"))}}, nil
}

// layered tells whether package.json and the lock file are all that an install reads. Then a change of source keeps the layer
// of the dependencies. A workspace reads its members, and scripts after an install read what they generate from.
func layered(context, dir string) string {
	for _, name := range []string{"prisma", "patches", ".yarn"} {
		if isFolder(filepath.Join(context, name)) {
			return ""
		}
	}
	if dir != "." || needs(filepath.Join(context, "package.json"), `"postinstall"`) || needs(filepath.Join(context, "package.json"), `"prepare"`) ||
		needs(filepath.Join(context, "package.json"), `"preinstall"`) || needs(filepath.Join(context, "package.json"), `"file:`) {
		return ""
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
		return p, &Problem{Got: fmt.Sprintf("package.json cannot be read: %v", err), Want: "it must be JSON", Fix: "mend " + filepath.Join(folder, "package.json")}
	}
	return p, nil
}

// atLeast is the smallest major version that a range of engines.node starts with.
var atLeast = regexp.MustCompile(`^\s*(?:>=|\^|~|=|v)*\s*(\d+)`)

// checkNode compares the base image's Node with what package.json asks for: npm only warns, and what then fails is hard to read.
func checkNode(major int, wanted string) error {
	match := atLeast.FindStringSubmatch(wanted)
	if major == 0 || match == nil || strings.Contains(wanted, "||") {
		return nil
	}
	if least, err := strconv.Atoi(match[1]); err == nil && major < least {
		return &Problem{Got: fmt.Sprintf("package.json asks for Node %s and the base image has %d", wanted, major), Want: "the base image has to be as new",
			Fix: fmt.Sprintf("pulumi config set --path baseImages.node node:%d-alpine", least)}
	}
	return nil
}
