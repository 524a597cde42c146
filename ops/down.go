package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
)

// Down destroys the stack and stops what `up` left running beside it. The lab, if there is one, stays. What ran on a
// cluster that is gone, or that FORGET says is not coming back, is removed from Pulumi's state.
func (o *Ops) Down(ctx context.Context) error {
	keys, err := o.stackConfig()
	if err != nil {
		return err
	}
	cluster, err := o.Cluster()
	if errors.Is(err, os.ErrNotExist) {
		if keys.Production {
			return o.noRecord(keys, errors.New("nothing was destroyed"))
		}
		fmt.Printf("Nothing to destroy: `make up` has not run here for stack %s.\n", o.Stack)
		return nil
	}
	if err != nil {
		return err
	}
	if err := o.FindTools(ctx); err != nil {
		return err
	}
	p := o.presence(ctx, cluster)
	if err := ctx.Err(); err != nil {
		return err
	}
	if !p.answers {
		if err := o.stopForward(); err != nil { // it has nothing to forward to
			return err
		}
	}
	if !p.answers && !p.gone && !forget() {
		return fmt.Errorf(`%s; nothing was destroyed.
  To destroy the stack:            %s, then make down
  When it is not coming back:      make down FORGET=1   (removes its resources from Pulumi's state; dumps no database)`,
			p.what, cmp.Or(p.start, "start it, or get its context back"))
	}
	if err := o.PrepareStack(ctx); err != nil {
		return err
	}
	if err := o.checkOwner(ctx); err != nil {
		return err
	}
	if !p.answers {
		return o.forgetCluster(ctx, keys, p)
	}
	if err := o.checkNotEmpty(ctx, cluster, keys); err != nil {
		return err
	}
	if err := o.printTarget(ctx, cluster); err != nil {
		return err
	}
	if keys.Production {
		question := "Destroy the production stack " + o.Stack + ", with all that runs in it?"
		if err := confirmed(ctx, os.Stdin, question); err != nil {
			return err
		}
	}
	if err := o.rescueData(ctx, cluster); err != nil {
		return err
	}
	if err := o.stopForward(); err != nil {
		return err
	}
	if err := o.pulumi(ctx, "destroy", "--yes", "--skip-preview"); err != nil {
		return fmt.Errorf("pulumi destroy: %w", err)
	}
	return o.forgetReleases()
}

// forgetCluster removes what ran on a cluster from Pulumi's state, and changes nothing else.
func (o *Ops) forgetCluster(ctx context.Context, keys stackKeys, p presence) error {
	if keys.Production {
		question := "Forget the production stack " + o.Stack + "? What still runs of it has to be removed by hand."
		if err := confirmed(ctx, os.Stdin, question); err != nil {
			return err
		}
	}
	fmt.Printf("  %s: removing its resources from the Pulumi state. Its database is not dumped.\n", p.what)
	if err := o.forgetResources(ctx); err != nil {
		return err
	}
	return o.forgetReleases()
}

// checkNotEmpty refuses to destroy a stack whose state is empty while releases of it run on the cluster: Pulumi would
// destroy nothing and call it done.
func (o *Ops) checkNotEmpty(ctx context.Context, c Cluster, keys stackKeys) error {
	state, err := o.snapshot(ctx)
	if err != nil {
		return err
	}
	all, err := o.releases(c.UID)
	if err != nil || len(state.Resources) > 0 || len(all) == 0 {
		return err
	}
	h, err := o.home()
	if err != nil {
		return err
	}
	return fmt.Errorf("the state of stack %s in %s is empty, and release %d of the stack runs on cluster %s: "+
		"its state is elsewhere, or lost; nothing was destroyed.\n"+
		"  To remove it without its state, with all data in it:  "+
		"kubectl --context %s delete namespace %s && rm -r .state/%s/releases",
		o.Stack, o.backendURL(h), all[len(all)-1].Number, c.Context, c.Context, keys.namespace(o.Stack), o.Stack)
}
