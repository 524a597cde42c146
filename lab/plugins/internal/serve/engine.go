package serve

import (
	"context"
	"fmt"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Engine is where a plugin's messages go; they appear beside the resource. The nil Engine drops them, for tests.
type Engine struct{ client pulumirpc.EngineClient }

// Info prints a line that stays.
func (e *Engine) Info(urn resource.URN, text string) {
	e.log(&pulumirpc.LogRequest{Severity: pulumirpc.LogSeverity_INFO, Urn: string(urn), Message: text})
}

// Warning prints a line that stays and counts as a warning.
func (e *Engine) Warning(urn resource.URN, text string) {
	e.log(&pulumirpc.LogRequest{Severity: pulumirpc.LogSeverity_WARNING, Urn: string(urn), Message: text})
}

// Status shows what is being done now; the next message replaces it.
func (e *Engine) Status(urn resource.URN, text string) {
	e.log(&pulumirpc.LogRequest{Severity: pulumirpc.LogSeverity_INFO, Urn: string(urn), Message: text, Ephemeral: true})
}

func (e *Engine) log(request *pulumirpc.LogRequest) {
	if e == nil {
		return
	}
	// Not the operation's context: the last words of a cancelled build are wanted too.
	if _, err := e.client.Log(context.Background(), request); err != nil {
		fmt.Fprintf(os.Stderr, "%s (the engine did not take this message: %v)\n", request.Message, err)
	}
}
