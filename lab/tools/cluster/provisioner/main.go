// Command provisioner gives the lab's `standard` StorageClass its volumes: folders on the node, as Minikube's does.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

func main() {
	kubeconfig := flag.String("kubeconfig", "", "kubeconfig of the cluster")
	name := flag.String("name", "", "provisioner name that the StorageClass carries")
	node := flag.String("node", "", "name of the node that has the folders")
	root := flag.String("root", "", "folder that holds the volumes")
	port := flag.Int("metrics-port", 0, "port on loopback that serves /metrics; 0 for none")
	flag.Parse()
	if err := run(*kubeconfig, *name, *node, *root, int32(*port)); err != nil {
		log.Fatal(err)
	}
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
