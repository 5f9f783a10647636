package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"gpk/pkg/apply"
	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

func (a *app) upgradeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "upgrade --version V",
		Short: "Change the database's image for one of another release with the same catalogue version",
		Long: `upgrade brings the image to every node while the database runs, and compares its catalogue version. Then comes the
maintenance window: it stops the database, makes all pods anew, starts the database and verifies it. If that fails it goes
back to the image from before by itself. upgrade --rollback does so later.`,
		Example: "  gpk upgrade --version 7.2.0\n  gpk upgrade --version 7.2.0 --image registry.example/greenplum@sha256:…\n" +
			"  gpk upgrade --rollback",
	}
	version := cmd.Flags().String("version", "", "the release to change to")
	cmd.Flags().String("image", "", "its image (default: the present one, with the release as its tag)")
	rollback := cmd.Flags().Bool("rollback", false, "go back to what the last upgrade came from")
	dryRun := dryRunFlag(cmd)
	excludes(cmd, "rollback", "version", "image")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *rollback == (*version != "") {
			return usage("give either --version, or --rollback")
		}
		m, err := a.made(cmd.Context())
		if err != nil {
			return err
		}
		var u *upgrade
		if *rollback {
			u, err = rollbackOf(m)
		} else {
			u, err = upgradeTo(m, *version, a.settings.GetString("image"))
		}
		if err != nil {
			return err
		}
		if u == nil {
			return a.tell(apply.Outcome{}, "%s is on %s: there is no upgrade to take back\n", m.target.Ref.Name, m.cluster.Spec.Version)
		}
		o, err := u.operation(m)
		if err != nil {
			return err
		}
		return a.operate(cmd.Context(), m, o, *dryRun)
	}
	return cmd
}

// upgrade is a change of the image, in either direction.
type upgrade struct {
	from, to *topology.Cluster
	// begun: an earlier gpk has come to its maintenance window.
	begun bool
	// undo: it leads back to where one that has not come to its end began, and there is nothing to fall back on.
	undo bool
	// rollback: it takes back the last upgrade, and there is none to take back afterwards.
	rollback bool
}

const rollbackCommand = "gpk upgrade --rollback"

// upgradeTo is the upgrade to a version, or what is left of one that has begun, which knows its images itself.
func upgradeTo(m made, version, image string) (*upgrade, error) {
	u, err := unfinishedUpgrade(m)
	switch {
	case err != nil:
		return nil, err
	case u == nil:
	case u.to.Spec.Version == version && (image == "" || u.to.Spec.Image == image):
		return u, nil
	case u.from.Spec.Version == version && (image == "" || u.from.Spec.Image == image):
		return u.undone(), nil
	default:
		return nil, m.record.Unfinished.Refusal(m.target.Ref.Name)
	}
	if before, after := major(m.cluster.Spec.Version), major(version); after != before && after != version {
		return nil, hint(fmt.Errorf("from %s to %s is a major upgrade: the catalogue versions of the two differ",
			m.cluster.Spec.Version, version), plan.MajorUpgrade)
	}
	to, err := withRelease(m.cluster, version, image)
	if err != nil {
		return nil, err
	}
	return &upgrade{from: m.cluster, to: to}, nil
}

// rollbackOf takes back an upgrade that has not come to its end, or the last one; nil if there is none.
func rollbackOf(m made) (*upgrade, error) {
	u, err := unfinishedUpgrade(m)
	switch {
	case err != nil:
		return nil, err
	case u != nil && u.rollback:
		return u, nil
	case u != nil:
		return u.undone(), nil
	case m.record.Previous == nil:
		return nil, nil
	}
	to, err := copied(m.cluster)
	if err != nil {
		return nil, err
	}
	to.Spec.Version, to.Spec.Image = m.record.Previous.Version, m.record.Previous.Image
	return &upgrade{from: m.cluster, to: to, rollback: true}, nil
}

// unfinishedUpgrade is the one that has begun and not come to its end, nil if there is none.
func unfinishedUpgrade(m made) (*upgrade, error) {
	unfinished := m.record.Unfinished
	if unfinished == nil || unfinished.Operation != plan.UpgradeOperation {
		return nil, nil
	}
	u := &upgrade{begun: true, rollback: unfinished.Resume == rollbackCommand}
	var err error
	if u.from, err = topology.Recorded([]byte(unfinished.From), m.target.Ref.Namespace); err != nil {
		return nil, fmt.Errorf("the upgrade that has begun is kept in ConfigMap/%s-gpk and cannot be read: %w", m.target.Ref.Name, err)
	}
	if u.to, err = topology.Recorded([]byte(unfinished.To), m.target.Ref.Namespace); err != nil {
		return nil, fmt.Errorf("the upgrade that has begun is kept in ConfigMap/%s-gpk and cannot be read: %w", m.target.Ref.Name, err)
	}
	return u, nil
}

// undone is the way back.
func (u *upgrade) undone() *upgrade {
	return &upgrade{from: u.to, to: u.from, begun: true, undo: true}
}

func (u *upgrade) operation(m made) (operation, error) {
	p, err := plan.Upgrade(u.to, u.begun)
	if err != nil {
		return operation{}, err
	}
	name, version := m.target.Ref.Name, u.to.Spec.Version
	o := operation{plan: p, result: u.to, window: apply.Window{Step: plan.WindowStep},
		done: fmt.Sprintf("%s is on %s: %s", name, version, u.to.ImageRef()),
		same: fmt.Sprintf("no changes: %s is on %s already", name, version)}
	if o.begun, err = u.unfinished(m); err != nil || u.undo {
		return o, err
	}
	back, err := plan.Upgrade(u.from, true)
	o.window.Fallback = &back
	if before, after := release(u.from), release(u.to); before != after || u.rollback {
		o.conclude = func(r *record.Record) {
			r.Previous = &before
			if u.rollback {
				r.Previous = nil
			}
		}
	}
	return o, err
}

// unfinished is what is kept of the upgrade from its window on.
func (u *upgrade) unfinished(m made) (*record.Unfinished, error) {
	if m.record.Unfinished != nil {
		return m.record.Unfinished, nil
	}
	from, err := yaml.Marshal(u.from)
	if err != nil {
		return nil, err
	}
	to, err := yaml.Marshal(u.to)
	if err != nil {
		return nil, err
	}
	begun := &record.Unfinished{Operation: plan.UpgradeOperation, Since: time.Now().UTC(), From: string(from), To: string(to),
		Resume: upgradeCommand(u.from, u.to), Undo: rollbackCommand}
	if u.rollback {
		begun.Resume, begun.Undo = rollbackCommand, upgradeCommand(u.to, u.from)
	}
	return begun, nil
}

// major is the first number of a release, or all of what is none.
func major(version string) string {
	first, _, _ := strings.Cut(version, ".")
	return first
}

// upgradeCommand names the image only where the version alone does not give it.
func upgradeCommand(from, to *topology.Cluster) string {
	command := "gpk upgrade --version " + to.Spec.Version
	if alone, err := withRelease(from, to.Spec.Version, ""); err != nil || alone.Spec.Image != to.Spec.Image {
		command += " --image " + to.Spec.Image
	}
	return command
}

func release(c *topology.Cluster) record.Release {
	return record.Release{Version: c.Spec.Version, Image: c.Spec.Image}
}

// withRelease is the cluster of another release. The present image serves if the release is its tag.
func withRelease(c *topology.Cluster, version, image string) (*topology.Cluster, error) {
	to, err := copied(c)
	if err != nil {
		return nil, err
	}
	if image == "" {
		image = c.Spec.Image
		if stem, tagged := strings.CutSuffix(image, ":"+c.Spec.Version); tagged {
			image = stem + ":" + version
		} else if c.ImageRef() == image && version != c.Spec.Version {
			return nil, usage("the image %s has a tag or a digest that is not its release: name the image of %s with --image", image, version)
		}
	}
	to.Spec.Version, to.Spec.Image = version, image
	if err := to.Validate(); err != nil {
		return nil, usageError{err}
	}
	return to, nil
}

func copied(c *topology.Cluster) (*topology.Cluster, error) {
	text, err := yaml.Marshal(c)
	if err != nil {
		return nil, err
	}
	return topology.Recorded(text, c.Metadata.Namespace)
}
