package config

import (
	"strings"
	"testing"

	"todo/internal/pulumitest"
)

func TestPublicVariablesReachTheBuild(t *testing.T) {
	o := options{Root: pulumitest.Project(t), Config: map[string]string{
		"todo:kubeconfigPath": "kubeconfig", "todo:registry": "localhost:5000",
		"todo:services": `{"site":{"source":"site","port":3100,"localPort":3100,"public":true,
			"build":{"args":{"NEXT_PUBLIC_NAME":"a \"b\" $c"}},"env":{"NEXT_PUBLIC_API":"${services.backend.publicUrl}","PRIVATE":"x"}}}`,
	}}
	pulumitest.Write(t, o.Root, "site/package.json", `{"scripts":{"build":"next build"},"dependencies":{"next":"16"}}`)
	pulumitest.Write(t, o.Root, "site/package-lock.json", "{}")
	m, _ := bare("", nil)
	cfg, err := load(t, o, m)
	if err != nil {
		t.Fatal(err)
	}
	site := cfg.Service("site")
	want := "NEXT_PUBLIC_API='http://localhost:8000'\nNEXT_PUBLIC_NAME='a \"b\" \\$c'"
	args := cfg.BuildArgs(site)
	if args["PUBLIC_ENV"] != want || args["APP_PORT"] != "3100" {
		t.Errorf("the build gets %q, want %q and the service's port: Next.js writes these into the browser's code", args, want)
	}
	if cfg.Dockerfile(site) != "dockerfiles/nextjs.Dockerfile" || cfg.BuildContext(site) != "site" || cfg.BaseImage(site) != "node" {
		t.Errorf("the site is built in %s with %s from %q", cfg.BuildContext(site), cfg.Dockerfile(site), cfg.BaseImage(site))
	}
	if site.Writable["/app/.next/cache"] == "" {
		t.Errorf("Next.js cannot write its cache: writable is %v", site.Writable)
	}
}

func TestAProblemOfTheSourceIsAProblemOfTheConfiguration(t *testing.T) {
	o := options{Root: pulumitest.Project(t), Config: map[string]string{
		"todo:kubeconfigPath": "kubeconfig", "todo:registry": "localhost:5000",
		"todo:services": `{"a":{"source":"nowhere"},"b":{"source":"b","build":{"dockerfile":"x.Dockerfile"}},"c":{"source":"b","build":{"preset":"rails"}}}`,
	}}
	pulumitest.Write(t, o.Root, "b/main.py", "")
	m, _ := bare("", nil)
	_, err := load(t, o, m)
	for _, want := range []string{
		"services.a.source: no folder nowhere", "services.b.build.dockerfile: no file b/x.Dockerfile", "services.c.build.preset: ", "has 3 problems",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want one that says %q", err, want)
		}
	}
}
