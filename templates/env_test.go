package templates_test

import (
	"slices"
	"strings"
	"testing"
)

// Hosts are looked up below their Service first, whatever else has the name of a pod. Where the kubelet names no domain, what gpk has added counts.
func TestDomains(t *testing.T) {
	for name, test := range map[string]struct{ service, search, want string }{
		"the kubelet's": {"demo", "sales.svc.cluster.local svc.cluster.local cluster.local corp.example",
			"demo.sales.svc.cluster.local sales.svc.cluster.local svc.cluster.local cluster.local corp.example"},
		"a domain of one's own": {"demo", "sales.svc.k8s.example svc.k8s.example k8s.example",
			"demo.sales.svc.k8s.example sales.svc.k8s.example svc.k8s.example k8s.example"},
		"given": {"demo", "corp.example demo.sales.svc.k8s.example", "demo.sales.svc.k8s.example corp.example demo.sales.svc.k8s.example"},
		"guessed": {"demo", "sales.svc.k8s.example demo.sales.svc.cluster.local",
			"demo.sales.svc.k8s.example sales.svc.k8s.example demo.sales.svc.cluster.local"},
		"none of a Kubernetes":           {"demo", "corp.example", ""},
		"a pod of an earlier gpk's form": {"", "sales.svc.cluster.local svc.cluster.local cluster.local", ""},
	} {
		p := newPod(t)
		p.env = append(p.env, "GPK_HOSTS_SERVICE="+test.service)
		p.write("etc/resolv.conf", "nameserver 10.0.0.10\nsearch "+test.search+"\noptions ndots:5\n")
		if got := p.must(nil, "run.sh", "/bin/bash", "-c", `echo "${LOCALDOMAIN-}"`); got != test.want+"\n" {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// An installation is where its environment script is. What the image says counts alone; a link without a version goes before the folders.
func TestInstallations(t *testing.T) {
	for name, test := range map[string]struct {
		scripts []string
		gphome  string
		want    string
	}{
		"Greenplum":                       {[]string{"usr/local/greenplum-db/greenplum_path.sh"}, "", "usr/local/greenplum-db"},
		"Cloudberry 1":                    {[]string{"usr/local/cloudberry-db/greenplum_path.sh"}, "", "usr/local/cloudberry-db"},
		"Cloudberry 2":                    {[]string{"usr/local/cloudberry-db/cloudberry-env.sh"}, "", "usr/local/cloudberry-db"},
		"built by hand":                   {[]string{"usr/local/gpdb/greenplum_path.sh"}, "", "usr/local/gpdb"},
		"in opt":                          {[]string{"opt/cloudberry-db/cloudberry-env.sh"}, "", "opt/cloudberry-db"},
		"with a version":                  {[]string{"usr/local/greenplum-db-7.1.0/greenplum_path.sh"}, "", "usr/local/greenplum-db-7.1.0"},
		"Cloudberry with one":             {[]string{"usr/local/cloudberry-db-2.1.0/cloudberry-env.sh"}, "", "usr/local/cloudberry-db-2.1.0"},
		"in opt with one":                 {[]string{"opt/greenplum-db-6/greenplum_path.sh"}, "", "opt/greenplum-db-6"},
		"WarehousePG":                     {[]string{"usr/edb/whpg7/greenplum_path.sh"}, "", "usr/edb/whpg7"},
		"Greengage":                       {[]string{"opt/greengagedb/greengage7/greengage_path.sh"}, "", "opt/greengagedb/greengage7"},
		"Greengage, built by hand":        {[]string{"usr/local/gpdb/greengage_path.sh"}, "", "usr/local/gpdb"},
		"named by the image":              {[]string{"srv/db/cloudberry-env.sh", "usr/local/greenplum-db/greenplum_path.sh"}, "srv/db", "srv/db"},
		"the version beside the plain":    {[]string{"usr/local/cloudberry-db-2.1.0/cloudberry-env.sh", "opt/greenplum-db/greenplum_path.sh"}, "", "opt/greenplum-db"},
		"a folder without an environment": {[]string{"usr/local/greenplum-db/bin/psql", "usr/edb/whpg6/greenplum_path.sh"}, "", "usr/edb/whpg6"},
		"both names":                      {[]string{"usr/local/cloudberry-db/cloudberry-env.sh", "usr/local/cloudberry-db/greenplum_path.sh"}, "", "usr/local/cloudberry-db"},
	} {
		p := newPod(t)
		p.without("GPHOME")
		if test.gphome != "" {
			p.env = append(p.env, "GPHOME="+p.path(test.gphome))
		}
		for _, script := range test.scripts {
			p.write(script, "export FROM="+p.path(script)+"\n")
		}
		got := p.must(nil, "run.sh", "/bin/bash", "-c", `echo "$GPHOME ${FROM%/*}"`)
		if want := p.path(test.want); got != want+" "+want+"\n" {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// The scripts of an image may print on both channels, before and after, read, and use what is not set. Nothing of it is an answer, in no
// language, whatever the script is called and whoever's shell reads it.
func TestInstallationThatPrints(t *testing.T) {
	for _, script := range []string{"usr/local/cloudberry-db/cloudberry-env.sh", "usr/edb/whpg7/greenplum_path.sh"} {
		p := newPod(t)
		p.without("GPHOME")
		p.env = append(p.env, "LANG=de_DE.UTF-8", "LANGUAGE=de")
		p.write(script, `echo Willkommen
echo Achtung >&2
cat
export FROM="$NOBODY_HAS_SET_THIS yes"
echo "Auf Wiedersehen"
[ -n "$NOR_THIS" ]
`)
		p.write("gpk/scripts/strict.sh", "set -u\n. "+p.path("gpk/scripts/env.sh")+" || exit 1\necho $- $FROM\ncat\n")
		r := p.run([]byte("the input"), "strict.sh")
		if r.out != "huB yes\nthe input" || r.err != "Willkommen\nAchtung\nAuf Wiedersehen\n" || r.status != 0 {
			t.Errorf("%s: %+v", script, r)
		}
		if r := p.run(nil, "run.sh", "/bin/bash", "-c", `echo "$FROM"`); r.out != " yes\n" {
			t.Errorf("%s: %+v", script, r)
		}
	}
}

// without takes a variable out of the pod's environment.
func (p *fakePod) without(variable string) {
	p.env = slices.DeleteFunc(p.env, func(entry string) bool { return strings.HasPrefix(entry, variable+"=") })
}

// What an image says of languages does not reach the utilities, whose messages gpk reads.
func TestImagesLanguage(t *testing.T) {
	p := newPod(t)
	p.env = append(p.env, "LANG=en_US.UTF-8", "LC_ALL=de_DE.UTF-8", "LC_MESSAGES=de_DE.UTF-8", "LANGUAGE=de")
	if got := p.must(nil, "run.sh", "/bin/bash", "-c", `echo "$LANG ${LC_ALL-none} ${LC_MESSAGES-none} ${LANGUAGE-none}"`); got != "en_US.UTF-8 none none none\n" {
		t.Errorf("it is %q", got)
	}
}
