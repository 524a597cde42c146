package config

import (
	"maps"
	"strings"
	"testing"
)

func TestBuildProxies(t *testing.T) {
	both := func(name, value string) map[string]string {
		return map[string]string{name: value, strings.ToLower(name): value}
	}
	all := both("HTTP_PROXY", "http://proxy:3128")
	maps.Copy(all, both("NO_PROXY", ".example.com"))
	for name, test := range map[string]struct {
		env     map[string]string
		want    map[string]string
		warning string
	}{
		"none": {},
		"capitals": {env: map[string]string{"HTTPS_PROXY": "http://proxy:3128"},
			want: both("HTTPS_PROXY", "http://proxy:3128")},
		"small letters": {env: map[string]string{"https_proxy": "proxy:3128"}, want: both("HTTPS_PROXY", "proxy:3128")},
		"with exceptions": {env: map[string]string{"HTTP_PROXY": "http://proxy:3128", "no_proxy": ".example.com"},
			want: all},
		"exceptions alone": {env: map[string]string{"NO_PROXY": ".example.com"}},
		"credentials": {env: map[string]string{"HTTPS_PROXY": "http://me:hunter2@proxy:3128"},
			warning: "HTTPS_PROXY holds a user or a password"},
		"credentials, no URL": {env: map[string]string{"http_proxy": "me:hunter2@proxy:3128"},
			warning: "HTTP_PROXY holds a user or a password"},
		"this machine": {env: map[string]string{"HTTP_PROXY": "http://127.0.0.1:3128"},
			warning: "HTTP_PROXY is an address that only this machine reaches"},
		"this machine's name": {env: map[string]string{"HTTP_PROXY": "localhost:3128"},
			warning: "HTTP_PROXY is an address that only this machine reaches"},
		"no URL": {env: map[string]string{"HTTP_PROXY": "http://hunter2\x00"}, warning: "HTTP_PROXY is no URL"},
	} {
		got, warnings := buildProxies(func(name string) string { return test.env[name] })
		if !maps.Equal(got, test.want) && len(got)+len(test.want) > 0 {
			t.Errorf("%s: the build arguments are %v, want %v", name, got, test.want)
		}
		text := strings.Join(warnings, "\n")
		printed := strings.Contains(text, test.warning) && (text == "") == (test.warning == "")
		if !printed || strings.Contains(text, "hunter2") {
			t.Errorf("%s: warnings are %q, want %q and no password", name, text, test.warning)
		}
	}
}

func TestProxiesAreReadWhereImagesAreBuilt(t *testing.T) {
	m, _ := bare(recorded, nil)
	m.Getenv = func(name string) string { return map[string]string{"HTTPS_PROXY": "http://proxy:3128"}[name] }
	cfg, err := load(t, options{Config: map[string]string{"todo:kubeconfigPath": "kubeconfig"}}, m)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Images.Proxies["https_proxy"] != "http://proxy:3128" {
		t.Errorf("proxies for builds are %v: npm and pip have no way out", cfg.Images.Proxies)
	}
}
