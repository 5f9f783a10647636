package apply

import (
	"fmt"
	"strings"

	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

// Upgrade changes the image for that of another release, or resumes an unfinished upgrade that leads to or from it. Without an image, the
// present one serves if the release is its tag. to is the cluster that it leads to.
func Upgrade(m Made, version, image string) (o Operation, to *topology.Cluster, err error) {
	u, err := upgradeTo(m, version, image)
	if err != nil {
		return Operation{}, nil, err
	}
	o, err = u.operation(m)
	return o, u.to, err
}

// UpgradeBack takes back an unfinished upgrade, or the last one; to is nil if there is none.
func UpgradeBack(m Made) (o Operation, to *topology.Cluster, err error) {
	u, err := rollbackOf(m)
	if err != nil || u == nil {
		return Operation{}, nil, err
	}
	o, err = u.operation(m)
	return o, u.to, err
}

// upgrade is a change of the image, in either direction.
type upgrade struct {
	from, to *topology.Cluster
	// begun: an earlier gpk has come to its maintenance window.
	begun bool
	// undo: it leads back to where an unfinished one began, and there is nothing to fall back on.
	undo bool
	// rollback: it takes back the last upgrade, and there is none to take back afterwards.
	rollback bool
}

func rollbackCommand() plan.Command { return plan.Gpk("upgrade", "--rollback") }

// upgradeTo is the upgrade to a version, or what is left of an unfinished one, which knows its images itself.
func upgradeTo(m Made, version, image string) (*upgrade, error) {
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
		return nil, m.Record.Unfinished.Refusal(m.Ref.Name)
	}
	if before, after := major(m.Cluster.Spec.Version), major(version); after != before && after != version {
		return nil, hint(fmt.Errorf("from %s to %s is a major upgrade: the catalogue versions of the two differ",
			m.Cluster.Spec.Version, version), plan.MajorUpgrade)
	}
	to, err := withRelease(m.Cluster, version, image)
	if err != nil {
		return nil, err
	}
	return &upgrade{from: m.Cluster, to: to}, nil
}

// rollbackOf takes back an unfinished upgrade, or the last one; nil if there is none.
func rollbackOf(m Made) (*upgrade, error) {
	u, err := unfinishedUpgrade(m)
	switch {
	case err != nil:
		return nil, err
	case u != nil && u.rollback:
		return u, nil
	case u != nil:
		return u.undone(), nil
	case m.Record.Previous == nil:
		return nil, nil
	}
	to, err := copied(m.Cluster)
	if err != nil {
		return nil, err
	}
	to.Spec.Version, to.Spec.Image = m.Record.Previous.Version, m.Record.Previous.Image
	return &upgrade{from: m.Cluster, to: to, rollback: true}, nil
}

// unfinishedUpgrade is the one that has begun and not ended, nil if there is none.
func unfinishedUpgrade(m Made) (*upgrade, error) {
	unfinished := m.unfinished(plan.UpgradeOperation)
	if unfinished == nil {
		return nil, nil
	}
	u := &upgrade{begun: true, rollback: unfinished.Resume == rollbackCommand().String()}
	var err error
	if u.from, err = m.clusterOf(unfinished.From); err == nil {
		u.to, err = m.clusterOf(unfinished.To)
	}
	if err != nil {
		return nil, fmt.Errorf("ConfigMap/%s-gpk keeps the unfinished upgrade, and it cannot be read: %w", m.Ref.Name, err)
	}
	return u, nil
}

// undone is the way back.
func (u *upgrade) undone() *upgrade {
	return &upgrade{from: u.to, to: u.from, begun: true, undo: true}
}

func (u *upgrade) operation(m Made) (Operation, error) {
	p, err := plan.Upgrade(u.to, u.begun)
	if err != nil {
		return Operation{}, err
	}
	o := Operation{made: m, plan: p, result: u.to, run: Options{Window: plan.WindowStep}}
	if o.run.Begun, err = u.unfinished(m); err != nil || u.undo {
		return o, err
	}
	back, err := plan.Upgrade(u.from, true)
	o.run.Fallback = &back
	if before, after := release(u.from), release(u.to); before != after || u.rollback {
		o.run.Conclude = func(r *record.Record) {
			r.Previous = &before
			if u.rollback {
				r.Previous = nil
			}
		}
	}
	return o, err
}

// unfinished is what is kept of the upgrade from its window on.
func (u *upgrade) unfinished(m Made) (*record.Unfinished, error) {
	if m.Record.Unfinished != nil {
		return m.Record.Unfinished, nil
	}
	begun, err := between(plan.UpgradeOperation, u.from, u.to)
	if err != nil {
		return nil, err
	}
	begun.Resume, begun.Undo = upgradeCommand(u.from, u.to).String(), rollbackCommand().String()
	if u.rollback {
		begun.Resume, begun.Undo = rollbackCommand().String(), upgradeCommand(u.to, u.from).String()
	}
	return begun, nil
}

// major is the first number of a release, or all of what is none.
func major(version string) string {
	first, _, _ := strings.Cut(version, ".")
	return first
}

// upgradeCommand names the image only if the version alone does not give it.
func upgradeCommand(from, to *topology.Cluster) plan.Command {
	command := plan.Gpk("upgrade", "--version", to.Spec.Version)
	if alone, err := withRelease(from, to.Spec.Version, ""); err != nil || alone.Spec.Image != to.Spec.Image {
		command = command.With("--image", to.Spec.Image)
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
	if err := to.ValidateChange(c); err != nil {
		return nil, UsageError{err}
	}
	return to, nil
}
