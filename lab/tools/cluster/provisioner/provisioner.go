// Package provisioner gives the lab's `standard` StorageClass its volumes: folders on the node, as Minikube's does.
package provisioner

import (
	"context"
	"flag"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

// Run is the whole program: it reads its flags and serves until it is told to end.
func Run() error {
	flags := flag.NewFlagSet("provisioner", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "kubeconfig of the cluster")
	name := flags.String("name", "", "provisioner name that the StorageClass carries")
	node := flags.String("node", "", "name of the node that has the folders")
	root := flags.String("root", "", "folder that holds the volumes")
	port := flags.Int("metrics-port", 0, "port on loopback that serves /metrics; 0 for none")
	if err := flags.Parse(os.Args[1:]); err != nil {
		return err
	}
	return run(*kubeconfig, *name, *node, *root, int32(*port))
}

func run(kubeconfig, name, node, root string, port int32) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	// One process on one node: an election would only delay the first volume after a restart.
	controller.NewProvisionController(ctx, client, name, folders{root: root, node: node},
		controller.LeaderElection(false), controller.MetricsAddress("127.0.0.1"), controller.MetricsPort(port)).Run(ctx)
	return nil
}
