package platform

import (
	"testing"
)

func TestApplicationOfGivenImagesNeedsNoDocker(t *testing.T) {
	r := runApp(t, map[string]string{
		"todo:images": `{"backend":"shop/backend:1","frontend-web":"shop/web:1","frontend-chatbot":"shop/chat:1"}`, "todo:registry": "",
	})
	if n := len(r.OfType("pulumi:providers:docker")) + len(r.OfType(imageType)); n != 0 {
		t.Errorf("%d Docker resources, want none: the plugin would be needed for nothing", n)
	}
	expect(t, r.Get(deploymentType, "todo-backend-deployment"), container+"image", `"shop/backend:1"`, "the reference that was given")
}
