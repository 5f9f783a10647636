package topology

// Crowded are the nodes whose loss would double the load of a single other node: they run the primaries of several pods,
// and the mirrors of all of these are on one node. node says where a pod runs, or "" for nowhere yet. The answer follows
// the order of the primaries. On two nodes it can't be otherwise, and none is named.
func (t Topology) Crowded(node func(pod string) string) []string {
	type partners struct {
		pods    int
		mirrors map[string]bool
	}
	var order []string
	byNode, all := map[string]*partners{}, map[string]bool{}
	primaries, mirrors := t.group(PrimaryComponent), t.group(MirrorComponent)
	for ordinal := range mirrors.Replicas {
		home, away := node(primaries.Pod(ordinal)), node(mirrors.Pod(ordinal))
		if home == "" || away == "" {
			continue
		}
		all[home], all[away] = true, true
		if byNode[home] == nil {
			byNode[home] = &partners{mirrors: map[string]bool{}}
			order = append(order, home)
		}
		byNode[home].pods++
		byNode[home].mirrors[away] = true
	}
	if len(all) < 3 {
		return nil
	}
	var crowded []string
	for _, home := range order {
		if byNode[home].pods > 1 && len(byNode[home].mirrors) == 1 {
			crowded = append(crowded, home)
		}
	}
	return crowded
}

// group is the group of a component, without replicas where there is none.
func (t Topology) group(component Component) Group {
	for _, group := range t.Groups {
		if group.Component == component {
			return group
		}
	}
	return Group{Component: component}
}
