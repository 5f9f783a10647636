package networkpolicy

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
)

// Enforcer keeps one node's rules.
type Enforcer struct {
	Node    string
	Clients kubernetes.Interface
	ready   atomic.Bool
}

// gather is for how long changes that come together are gathered.
const gather = 50 * time.Millisecond

// Ready says whether the rules have been in place once.
func (e *Enforcer) Ready() bool { return e.ready.Load() }

// Run changes the rules whenever something changes that they follow from, until
// ctx ends.
func (e *Enforcer) Run(ctx context.Context) error {
	if err := e.allowed(ctx); err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactory(e.Clients, 0)
	pods := factory.Core().V1().Pods()
	namespaces := factory.Core().V1().Namespaces()
	policies := factory.Networking().V1().NetworkPolicies()
	changed := make(chan struct{}, 1)
	for _, informer := range []cache.SharedIndexInformer{pods.Informer(), namespaces.Informer(), policies.Informer()} {
		if err := poke(informer, changed); err != nil {
			return err
		}
	}
	factory.Start(ctx.Done())
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("watch %s: %w", kind, ctx.Err())
		}
	}
	state := func() (s State, err error) {
		s.Node = e.Node
		if s.Pods, err = pods.Lister().List(labels.Everything()); err != nil {
			return s, err
		}
		if s.Namespaces, err = namespaces.Lister().List(labels.Everything()); err != nil {
			return s, err
		}
		s.Policies, err = policies.Lister().List(labels.Everything())
		return s, err
	}
	return e.follow(ctx, changed, state)
}

// allowed waits until the API server answers and the role is there. The informers
// would wait as well, but longer from one time to the next.
func (e *Enforcer) allowed(ctx context.Context) error {
	return wait.PollUntilContextCancel(ctx, 200*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		_, err := e.Clients.NetworkingV1().NetworkPolicies("").List(ctx, metav1.ListOptions{Limit: 1})
		return err == nil, nil
	})
}

// poke has every change of what an informer watches be told to changed.
func poke(informer cache.SharedIndexInformer, changed chan<- struct{}) error {
	tell := func() {
		select {
		case changed <- struct{}{}:
		default: // it is told already
		}
	}
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { tell() },
		UpdateFunc: func(any, any) { tell() },
		DeleteFunc: func(any) { tell() },
	})
	return err
}

func (e *Enforcer) follow(ctx context.Context, changed <-chan struct{}, state func() (State, error)) error {
	var now string // the rules that are in place
	retry := time.NewTimer(0)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-retry.C:
		case <-changed:
			time.Sleep(gather)
		}
		s, err := state()
		var rules string
		if err == nil {
			rules, err = s.Rules()
		}
		if err == nil && rules != now {
			err = put(ctx, rules)
		}
		if err != nil {
			klog.ErrorS(err, "Rules are not as they should be")
			retry.Reset(time.Second)
			continue
		}
		now = rules
		e.ready.Store(true)
	}
}

// put makes the rules the node's, and has what is forwarded pass them.
func put(ctx context.Context, rules string) error {
	restore := exec.CommandContext(ctx, "iptables-restore", "--wait", "--noflush")
	restore.Stdin = strings.NewReader(rules)
	if said, err := restore.CombinedOutput(); err != nil {
		return fmt.Errorf("iptables-restore: %w: %s", err, said)
	}
	jump := func(how string) ([]byte, error) {
		return exec.CommandContext(ctx, "iptables", "--wait", "--table", table, how, "FORWARD", "--jump", entry).CombinedOutput()
	}
	if _, err := jump("--check"); err == nil {
		return nil
	}
	if said, err := jump("--insert"); err != nil {
		return fmt.Errorf("iptables: %w: %s", err, said)
	}
	return nil
}
