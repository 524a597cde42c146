package main

import (
	"fmt"
	"os"
	"sync"

	"github.com/cloudnativelabs/kube-router/v2/pkg/controllers/netpol"
	"github.com/cloudnativelabs/kube-router/v2/pkg/healthcheck"
	"github.com/cloudnativelabs/kube-router/v2/pkg/options"
	"github.com/spf13/pflag"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

// networkPolicies is kube-router with its firewall only, as k3s uses it. kube-router's own main also links its router and
// its proxy, and with them the SDK of AWS and a BGP server.
func networkPolicies() error {
	config := options.NewKubeRouterConfig()
	flags := pflag.NewFlagSet("kube-router", pflag.ExitOnError) // of its own: the other programs' packages define flags too
	config.AddFlags(flags)
	if err := flags.Parse(os.Args[1:]); err != nil {
		return err
	}
	if config.HelpRequested {
		fmt.Println(flags.FlagUsages())
		return nil
	}
	if config.RunRouter || config.RunServiceProxy || !config.RunFirewall {
		return fmt.Errorf("only the firewall is built in: allowed are --run-firewall=true --run-router=false --run-service-proxy=false")
	}
	access, err := clientcmd.BuildConfigFromFlags(config.Master, config.Kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(access)
	if err != nil {
		return err
	}
	health, err := healthcheck.NewHealthController(config)
	if err != nil {
		return err
	}
	stop := genericapiserver.SetupSignalHandler()
	var running sync.WaitGroup
	running.Add(1)
	go health.RunServer(stop, &running)

	shared := informers.NewSharedInformerFactory(client, 0)
	pods, namespaces := shared.Core().V1().Pods().Informer(), shared.Core().V1().Namespaces().Informer()
	policies := shared.Networking().V1().NetworkPolicies().Informer()
	shared.Start(stop)
	shared.WaitForCacheSync(stop)

	iptables, ipsets, err := netpol.NewIPTablesHandlers(config)
	if err != nil {
		return fmt.Errorf("iptables and ipset: %w", err)
	}
	controller, err := netpol.NewNetworkPolicyController(client, config, pods, policies, namespaces, &sync.Mutex{}, iptables, ipsets)
	if err != nil {
		return fmt.Errorf("network policies: %w", err)
	}
	for _, watched := range []struct {
		informer cache.SharedIndexInformer
		handler  cache.ResourceEventHandler
	}{{pods, controller.PodEventHandler}, {namespaces, controller.NamespaceEventHandler}, {policies, controller.NetworkPolicyEventHandler}} {
		if _, err := watched.informer.AddEventHandler(watched.handler); err != nil {
			return err
		}
	}
	health.SetAlive()
	beats := make(chan *healthcheck.ControllerHeartbeat, 10)
	running.Add(2)
	go health.RunCheck(beats, stop, &running)
	go controller.Run(beats, stop, &running)
	running.Wait()
	return nil
}
