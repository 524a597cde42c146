package platform

import (
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// A proxy reaches the build, and is neither part of the image's name nor of the folder that is built.
func TestProxiesReachTheBuildAlone(t *testing.T) {
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"} {
		t.Setenv(name, "")
	}
	direct := runApp(t, nil).Get(imageType, "todo-backend-image-build")
	t.Setenv("HTTPS_PROXY", "http://proxy.example.com:3128")
	proxied := runApp(t, nil).Get(imageType, "todo-backend-image-build")
	for _, name := range []string{"HTTPS_PROXY", "https_proxy"} {
		if got := proxied.At("build.args." + name); !got.IsString() || got.StringValue() != "http://proxy.example.com:3128" {
			t.Errorf("build argument %s is %v: the build has no way out", name, got)
		}
	}
	for _, path := range []string{"imageName", "build.context", "build.dockerfile"} {
		if was, is := direct.At(path), proxied.At(path); !was.DeepEquals(is) {
			t.Errorf("%s is %v, and %v with a proxy: unchanged sources would be built again", path, was, is)
		}
	}
	if !slices.Equal(proxied.ReplaceOnChanges, []string{"imageName"}) {
		t.Errorf("replaced on changes of %v, want imageName: an update would keep the proxies of the first build",
			proxied.ReplaceOnChanges)
	}

	// What the engine does with ignored changes (processIgnoreChanges) before it compares.
	for name, states := range map[string][2]resource.PropertyMap{
		"a proxy is new":     {direct.Inputs, proxied.Inputs},
		"a proxy is gone":    {proxied.Inputs, direct.Inputs},
		"there was no proxy": {direct.Inputs, direct.Inputs},
	} {
		old, inputs := states[0], states[1].Copy()
		build := inputs["build"].ObjectValue().Copy()
		build["args"] = resource.NewProperty(build["args"].ObjectValue().Copy())
		inputs["build"] = resource.NewProperty(build)
		for _, ignored := range proxied.IgnoreChanges {
			path, err := resource.ParsePropertyPath(ignored)
			if err != nil {
				t.Fatal(err)
			}
			if !path.Reset(old, inputs) {
				t.Errorf("%s: the engine cannot ignore %s, and says so at each run", name, ignored)
			}
		}
		if !inputs.DeepEquals(old) {
			t.Errorf("%s: the image counts as changed:\n%v\n%v", name, old, inputs)
		}
	}
}
