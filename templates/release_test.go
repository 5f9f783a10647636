package templates_test

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
)

// six is a pod whose image has Greenplum 6.
func six(t *testing.T) *fakePod {
	t.Helper()
	p := hbaPod(t)
	p.fake("pg_xlogdump", "exit 1")
	return p
}

// The image's programs say what the release calls its log, not its number. A pod that an earlier gpk started finds it out as well.
func TestReleaseNames(t *testing.T) {
	for name, test := range map[string]struct {
		programs []string
		started  bool
		want     string
	}{
		"Greenplum 7":                      {[]string{"pg_waldump"}, false, "pg_wal pg_waldump log gp_role"},
		"Greenplum 6":                      {[]string{"pg_xlogdump"}, false, "pg_xlog pg_xlogdump pg_log gp_session_role"},
		"both":                             {[]string{"pg_waldump", "pg_xlogdump"}, false, "pg_wal pg_waldump log gp_role"},
		"Greenplum 6, of an earlier gpk's": {[]string{"pg_xlogdump"}, true, "pg_xlog pg_xlogdump pg_log gp_session_role"},
	} {
		p := newPod(t)
		for _, program := range test.programs {
			p.fake(program, "exit 1")
		}
		if test.started {
			p.write("tmp/gpk-environment", "declare -x FROM_GREENPLUM_PATH=yes\n")
		}
		got := p.must(nil, "run.sh", "/bin/bash", "-c", `echo $GPK_WAL $GPK_WALDUMP $GPK_LOG $GPK_SESSION_ROLE`)
		if got != test.want+"\n" {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// What gpk asks of an image finds the installation, the database's own words and the names of its release, whichever relative it is of.
// The layouts are those of public packages and images.
func TestRelatives(t *testing.T) {
	const six, seven = "pg_xlog pg_xlogdump pg_log gp_session_role\n", "pg_wal pg_waldump log gp_role\n"
	for name, test := range map[string]struct{ home, script, link, dump, version, names string }{
		"Greengage 7": {"opt/greengagedb/greengage7", "greengage_path.sh", "", "pg_waldump", "(Greengage Database) 7.4.1 build dev", seven},
		"Greengage 6": {"opt/greengagedb/greengage6", "greengage_path.sh", "", "pg_xlogdump", "(Greengage Database) 6.31.0 build dev", six},
		"Greengage in Greenplum's place": {"usr/local/greenplum-db", "greengage_path.sh", "greenplum_path.sh", "pg_xlogdump",
			"(Greengage Database) 6.31.0 build dev", six},
		"open-gpdb 6":   {"usr/local/greenplum-db", "greenplum_path.sh", "", "pg_xlogdump", "(Greenplum Database) 6.29.8 build dev", six},
		"WarehousePG 6": {"usr/edb/whpg6", "greenplum_path.sh", "", "pg_xlogdump", "(Greenplum Database) 6.27.5-WHPG build 1", six},
	} {
		p := newPod(t)
		p.without("GPHOME")
		p.write(test.home+"/"+test.script, "GPHOME="+p.path(test.home)+"\nPATH=$GPHOME/bin:$PATH\nexport GPHOME PATH\n")
		if test.link != "" {
			if err := os.Symlink(p.path(test.home+"/"+test.script), p.path(test.home+"/"+test.link)); err != nil {
				t.Fatal(err)
			}
		}
		p.write(test.home+"/bin/postgres", "#!/bin/bash\n[ \"$1\" != --gp-version ] || echo 'postgres "+test.version+"'\n")
		p.write(test.home+"/bin/"+test.dump, "#!/bin/bash\nexit 1\n")
		for _, program := range []string{"postgres", test.dump} {
			if err := os.Chmod(p.path(test.home+"/bin/"+program), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if out := p.must(nil, "image.sh", "C"); !strings.Contains(out, "release postgres "+test.version+"\n") || strings.Contains(out, "missing postgres") {
			t.Errorf("%s: it says %q", name, out)
		}
		if got := p.must(nil, "run.sh", "/bin/bash", "-c", `echo $GPK_WAL $GPK_WALDUMP $GPK_LOG $GPK_SESSION_ROLE`); got != test.names {
			t.Errorf("%s: %q, want %q", name, got, test.names)
		}
	}
}

// A session past the coordinator begins by another setting in Greenplum 6.
func TestUtilitySession(t *testing.T) {
	for release, want := range map[string]string{"pg_waldump": "-c gp_role=utility ", "pg_xlogdump": "-c gp_session_role=utility "} {
		p := newPod(t)
		p.fake(release, "exit 1")
		p.fake("psql", `echo "$PGOPTIONS"`)
		if got := p.must(nil, "run.sh", "env", "PGOPTIONS=-c gp_role=utility", "psql"); !strings.HasPrefix(got, want) {
			t.Errorf("%s: the options are %q", release, got)
		}
	}
}

// pg_xlogdump writes what commits are in small letters. What prepares, takes back or only acknowledges one does not count.
func TestCommitsOfSix(t *testing.T) {
	p := six(t)
	p.fake("pg_controldata", `echo "Latest checkpoint's TimeLineID:       1"`)
	p.fake("pg_xlogdump", `while read -r what; do
  echo "rmgr: Transaction len (rec/tot): 34/66, tx: 7, lsn: 0/0D00010$((n++)), prev 0/0D0000C0, bkp: 0000, desc: $what"
done <<'END'
commit: 2026-11-30 17:05:37.1 UTC; inval msgs: catcache 1
prepare
distributed commit 2026-11-30 17:05:38.2 UTC gid = 1-2, gxid = 2
distributed forget gid = 1-2, gxid = 2
abort: 2026-11-30 17:05:39.3 UTC
END
exit 1`)
	out := p.must(nil, "coordinator.sh", "missing", "0/0D000000")
	want := "instance absent\ncommit 0/0D000100 1796058337\ncommit 0/0D000102 1796058338\nend\n"
	if out != want {
		t.Errorf("it printed %q, want %q", out, want)
	}
}

// A server of Greenplum 6 that runs unencrypted reads its certificates when it is started again: until then it keeps its pg_hba.conf, by
// which somebody can come in. It gets a key that is its own.
func TestHBAOfSix(t *testing.T) {
	for answer, restart := range map[string]bool{"N": true, "S": false, "": true} {
		p := six(t)
		port := listen(t, func(c net.Conn) {
			fmt.Fprint(c, answer)
			_ = c.Close()
		})
		p.write(hbaDir+"/postmaster.pid", "1\n"+hbaDir+"\n2\n"+port+"\n")
		out := p.must([]byte(hbaText), "hba.sh", "write", p.path(hbaDir))
		said, content := "end\n", hbaText
		if restart {
			said, content = "restart "+p.path(hbaDir)+"\nend\n", "host all all samehost trust\n"
		}
		if out != said || p.read(hbaDir+"/pg_hba.conf") != content {
			t.Errorf("%s: it printed %q, and pg_hba.conf is %q", answer, out, p.read(hbaDir+"/pg_hba.conf"))
		}
		if conf := p.read(hbaDir + "/postgresql.conf"); !strings.Contains(conf, "\nssl_key_file='"+p.path("shm/gpk-server.key")+"'\n") {
			t.Errorf("%s: postgresql.conf is %q", answer, conf)
		}
		if info, err := os.Stat(p.path("shm/gpk-server.key")); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: the key's mode: %v, error %v", answer, info, err)
		}
		if differs := p.must([]byte(hbaText), "hba.sh", "check", p.path(hbaDir)); strings.Contains(differs, "pg_hba.conf") != restart {
			t.Errorf("%s: check says %q", answer, differs)
		}
	}
}

// gpinitsystem of Greenplum 6 takes a locale in the letters of `locale -a` only. That of 7 gets what cluster.yaml has.
func TestLocaleOfSix(t *testing.T) {
	for program, want := range map[string]string{"pg_xlogdump": "-a -n en_US.utf8 -m 50", "pg_waldump": "-a -n en_US.UTF-8 -m 50"} {
		p := newPod(t)
		p.fake(program, "exit 1")
		p.fake("locale", "printf 'C\\nC.UTF-8\\nen_US.utf8\\n'")
		p.fake("gpinitsystem", `echo "$@"`)
		p.must(archive(t, nil), "job.sh", "start", "gpinitsystem", "gpinitsystem", "-a", "-n", "en_US.UTF-8", "-m", "50")
		p.must(nil, "job.sh", "follow", "gpinitsystem", "0")
		if got := p.read("greenplum/.gpk/jobs/gpinitsystem/log"); got != want+"\n" {
			t.Errorf("%s: gpinitsystem %q, want %q", program, got, want)
		}
	}
}

// psql of Greenplum 6 would leave out all but the last statement in silence.
func TestOneCommandOfSix(t *testing.T) {
	for program, status := range map[string]int{"pg_xlogdump": 2, "pg_waldump": 0} {
		p := newPod(t)
		p.fake(program, "exit 1")
		p.fake("psql", `echo "$@"`)
		if r := p.run(nil, "run.sh", "env", "PGAPPNAME=gpk-psql-1", "psql", "-d", "shop", "-Atc", "select 1", "-c", "select 2"); r.status != status {
			t.Errorf("%s: two statements: %+v", program, r)
		}
		if r := p.run(nil, "run.sh", "env", "PGAPPNAME=gpk-psql-1", "psql", "-d", "shop", "-X", "-c", "select 1"); r.status != 0 {
			t.Errorf("%s: one statement: %+v", program, r)
		}
	}
}

// Only the log of Greenplum 6 tells which lines of pg_hba.conf the server refuses.
func TestRefusedHBAOfSix(t *testing.T) {
	const read = `2026-11-30 17:26:15.868266 UTC,,,p1,th1,,,,0,,,seg-1,,,,,"LOG","00000","received SIGHUP, reloading configuration files",,,,,,,0,,"postmaster.c",2978,`
	const wrong = `2026-11-30 17:26:15.870072 UTC,,,p1,th1,,,,0,,,seg-1,,,,,"LOG","F0000","invalid authentication method ""nonsense""",,,,,` +
		`"line 7 of configuration file ""/greenplum/coordinator/gpseg-1/pg_hba.conf""",,0,,"hba.c",1202,`
	const kept = `2026-11-30 17:26:15.870091 UTC,,,p1,th1,,,,0,,,seg-1,,,,,"WARNING","01000","pg_hba.conf not reloaded",,,,,,,0,,"postmaster.c",3003,`
	for name, test := range map[string]struct{ says, want string }{
		"it takes all":       {read, "end\n"},
		"it refuses a line":  {read + "\n" + wrong + "\n" + kept, "refused 7 invalid authentication method \"nonsense\"\nend\n"},
		"it reports nothing": {"", "end\n"},
	} {
		p := six(t)
		log := p.path(hbaDir + "/pg_log/gpdb-1.csv")
		p.write(hbaDir+"/pg_log/gpdb-1.csv", wrong+"\n"+kept+"\n")
		p.write("says", test.says+"\n")
		p.fake("pg_ctl", `[ "$1" != reload ] || cat `+p.path("says")+` >>`+log+`; exit 0`)
		p.write(hbaDir+"/postmaster.pid", "1\n"+hbaDir+"\n2\n"+listen(t, func(c net.Conn) {
			fmt.Fprint(c, "S")
			_ = c.Close()
		})+"\n")
		r := p.run([]byte(hbaText), "hba.sh", "offer", p.path(hbaDir))
		if silent := test.says == ""; silent != (r.status != 0) || !silent && r.out != test.want {
			t.Errorf("%s: %+v, want %q", name, r, test.want)
		}
		// Whoever asks again has the server read the file again, and hears the same.
		if again := p.run([]byte(hbaText), "hba.sh", "offer", p.path(hbaDir)); again.out != r.out || again.status != r.status {
			t.Errorf("%s: again %+v", name, again)
		}
	}
}
