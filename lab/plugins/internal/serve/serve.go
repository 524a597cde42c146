// Package serve runs one of the lab's stand-ins as a Pulumi resource plugin.
package serve

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Info says what a stand-in stands in for.
type Info struct {
	Package string // "docker"
	Version string // of the real plugin whose inputs and outputs it speaks, without "v": the SDK asks for it
	Types   []string
}

// String is what --version prints. It never passes for the real plugin.
func (i Info) String() string {
	return fmt.Sprintf("pulumi-resource-%s %s: the Todo lab's stand-in for the real plugin, only for %s", i.Package, i.Version, strings.Join(i.Types, ", "))
}

// Main serves the provider that create returns until the engine goes, and ends the process.
//
// The engine starts a plugin with its own address as the last argument and reads the plugin's port from the first line
// of standard output; everything else goes to standard error.
func Main(info Info, create func(*Engine) plugin.Provider) {
	args := os.Args[1:]
	if len(args) == 1 && strings.TrimLeft(args[0], "-") == "version" {
		fmt.Println(info)
		return
	}
	if err := run(args, create); err != nil {
		fmt.Fprintf(os.Stderr, "pulumi-resource-%s: %v\n", info.Package, err)
		os.Exit(1)
	}
}

func run(args []string, create func(*Engine) plugin.Provider) error {
	if len(args) == 0 || strings.HasPrefix(args[len(args)-1], "-") {
		return errors.New("this is a Pulumi plugin: Pulumi starts it, with the address of its engine as argument")
	}
	address := args[len(args)-1]
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()), rpcutil.GrpcChannelOptions())
	if err != nil {
		return fmt.Errorf("engine address %q: %w", address, err)
	}
	defer conn.Close()
	provider := create(&Engine{client: pulumirpc.NewEngineClient(conn)})

	// An engine that was killed cannot say goodbye, so ask whether it still lives.
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if err := rpcutil.Healthcheck(ctx, address, 5*time.Minute, cancel); err != nil {
		return fmt.Errorf("engine at %s: %w", address, err)
	}
	gone := make(chan bool)
	context.AfterFunc(ctx, func() { close(gone) })

	server, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{Cancel: gone, Init: func(s *grpc.Server) error {
		pulumirpc.RegisterResourceProviderServer(s, plugin.NewProviderServer(provider))
		return nil
	}})
	if err != nil {
		return err
	}
	fmt.Println(server.Port)
	return <-server.Done
}
