package segments

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"

	"gpk/pkg/topology"
)

// backupMemory is where backup.sh keeps the files of ConfigureBackup.
const backupMemory = "/dev/shm/gpk-backup"

// BackupScript calls a verb of backup.sh.
func BackupScript(verb string, args ...string) Command {
	return Script("backup.sh", append([]string{verb}, args...)...)
}

// BackupPrograms are what an image has for backups.
type BackupPrograms struct {
	// Versions are those of gpbackup, gprestore, gpbackup_helper and gpbackup_s3_plugin. One that is missing has none.
	Versions map[string]string
	// Plugin is the path of gpbackup_s3_plugin.
	Plugin string
	// Resize: gprestore restores into another number of segments.
	Resize bool
}

// Missing are the programs that the image lacks.
func (p BackupPrograms) Missing() []string {
	var missing []string
	for _, name := range []string{"gpbackup", "gprestore", "gpbackup_helper", "gpbackup_s3_plugin"} {
		if p.Versions[name] == "" {
			missing = append(missing, name)
		}
	}
	return missing
}

// ParseBackupPrograms reads what `backup.sh facts` printed.
func ParseBackupPrograms(out string) (BackupPrograms, error) {
	found := BackupPrograms{Versions: map[string]string{}}
	err := parseLines(out, "the programs for backups were", func(line string, words []string) error {
		switch {
		case len(words) >= 3 && words[0] == "program":
			if words[2] != "absent" {
				found.Versions[words[1]] = words[2]
			}
		case words[0] == "plugin":
			found.Plugin = strings.TrimSpace(strings.TrimPrefix(line, "plugin"))
		case len(words) == 2 && words[0] == "resize":
			found.Resize = words[1] == "yes"
		default:
			return fmt.Errorf("unknown fact about backups %q", line)
		}
		return nil
	})
	return whole(found, err)
}

// BucketKey is what opens a bucket, and what certifies its endpoint, if that is not a well-known one.
type BucketKey struct{ ID, Secret, CA string }

// ConfigureBackup are the files that gpbackup_s3_plugin needs in each pod. The key is apart from the configuration, which gpbackup copies
// to the disk of every host and into the bucket: the plugin finds it by the environment, which env sets before the plugin begins.
func ConfigureBackup(c *topology.Cluster, key BucketKey, plugin string) ([]File, error) {
	environment := "/usr/bin/env AWS_EC2_METADATA_DISABLED=true AWS_SHARED_CREDENTIALS_FILE=" + backupMemory + "/credentials"
	files := []File{{"credentials", fmt.Sprintf("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", key.ID, key.Secret)}}
	if key.CA != "" {
		environment += " AWS_CA_BUNDLE=" + backupMemory + "/ca.crt"
		files = append(files, File{"ca.crt", key.CA})
	}
	s3 := c.S3()
	options := map[string]string{"region": s3.Region, "bucket": s3.Bucket, "folder": c.BackupFolder()}
	if s3.Endpoint != "" {
		options["endpoint"] = s3.Endpoint
	}
	if strings.HasPrefix(s3.Endpoint, "http:") {
		options["encryption"] = "off"
	}
	text, err := yaml.Marshal(map[string]any{"executablepath": environment + " " + plugin, "options": options})
	return append(files, File{"plugin.yaml", string(text)}, File{"plugin", environment + " " + plugin + "\n"}), err
}

// Filter is what part of a database a backup has, or what part of a backup a restore takes. Tables are SCHEMA.TABLE.
type Filter struct {
	IncludeTables, ExcludeTables, IncludeSchemas, ExcludeSchemas []string
}

func (f Filter) arguments() []string {
	var arguments []string
	for _, kind := range []struct {
		flag  string
		names []string
	}{
		{"--include-table", f.IncludeTables}, {"--exclude-table", f.ExcludeTables},
		{"--include-schema", f.IncludeSchemas}, {"--exclude-schema", f.ExcludeSchemas},
	} {
		for _, name := range kind.names {
			arguments = append(arguments, kind.flag, name)
		}
	}
	return arguments
}

// BackupRequest is what a person asks of backups of one or more databases.
type BackupRequest struct {
	Filter
	// Incremental backs up only append-optimized tables that have changed since an earlier backup, and all others.
	Incremental bool
	// Jobs is how many tables gpbackup copies at once.
	Jobs int
	// Compression is gzip, zstd or none. Level is 0 for the default.
	Compression string
	Level       int
	// SingleFile: each segment writes all tables into one file.
	SingleFile bool
	// Name is a person's name for the backups.
	Name string
}

// Arguments are those of gpbackup for a database. from is the backup that an increment is about, "" for a whole backup. Backups by leaves
// of partitioned tables are what increments can be made of.
func (r BackupRequest) Arguments(database, from string) []string {
	arguments := append([]string{"--dbname", database}, r.arguments()...)
	arguments = append(arguments, "--leaf-partition-data")
	if r.SingleFile {
		arguments = append(arguments, "--single-data-file")
	} else {
		arguments = append(arguments, "--jobs", strconv.Itoa(max(r.Jobs, 1)))
	}
	if r.Compression == "none" {
		arguments = append(arguments, "--no-compression")
	} else {
		if r.Compression != "" {
			arguments = append(arguments, "--compression-type", r.Compression)
		}
		if r.Level > 0 {
			arguments = append(arguments, "--compression-level", strconv.Itoa(r.Level))
		}
	}
	if from != "" {
		arguments = append(arguments, "--incremental", "--from-timestamp", from)
	}
	return arguments
}

// BackUp is the job that makes backups: gpbackup with each of several lists of arguments, one after the other. note is stored with each
// of them. hosts are those that were configured.
func BackUp(requests [][]string, note string, hosts []string) Utility {
	files := []File{{"hosts", lines(hosts)}}
	if note != "" {
		files = append(files, File{"note", note})
	}
	for i, arguments := range requests {
		files = append(files, File{"request." + strconv.Itoa(i+1), lines(arguments)})
	}
	return Utility{Argv: BackupScript("backup").Argv, Files: files}
}

// RestoreRequest is what a person asks of a restore.
type RestoreRequest struct {
	Timestamp string
	// Into is the database, CreateDatabase makes it.
	Into           string
	CreateDatabase bool
	Tables         []string
	Jobs           int
	// Resize: the backup was made on another number of segments.
	Resize bool
}

// Arguments are those of gprestore.
func (r RestoreRequest) Arguments() []string {
	arguments := []string{"--timestamp", r.Timestamp}
	if r.Into != "" {
		arguments = append(arguments, "--redirect-db", r.Into)
	}
	if r.CreateDatabase {
		arguments = append(arguments, "--create-db")
	}
	arguments = append(arguments, Filter{IncludeTables: r.Tables}.arguments()...)
	if r.Jobs > 1 {
		arguments = append(arguments, "--jobs", strconv.Itoa(r.Jobs))
	}
	if r.Resize {
		arguments = append(arguments, "--resize-cluster")
	}
	return arguments
}

// Restore is the job that restores a backup. extra are files of a trial.
func Restore(r RestoreRequest, hosts []string, extra ...File) Utility {
	files := append([]File{{"hosts", lines(hosts)}, {"request.1", lines(r.Arguments())}}, extra...)
	return Utility{Argv: BackupScript("restore").Argv, Files: files}
}

// ScratchDatabase is where a backup is tried out. Its name needs no quotes.
func ScratchDatabase(timestamp string) string { return "gpk_verify_" + timestamp }

// Trial are the files by which a restore goes into a scratch database, whose rows are then counted. prepare is SQL for a backup that brings
// no database and no schemas along.
func Trial(timestamp, prepare string, tables []BackedUpTable) []File {
	var counts strings.Builder
	for _, t := range tables {
		fmt.Fprintf(&counts, "select json_build_object('name', %s, 'rows', (select count(*) from %s), 'replicated',\n"+
			"  exists (select from gp_distribution_policy where policytype = 'r' and localoid = %[1]s::regclass));\n", literal(t.Name), t.Name)
	}
	files := []File{{"scratch", ScratchDatabase(timestamp) + "\n"}, {"counts.sql", counts.String()}}
	if prepare != "" {
		files = append(files, File{"prepare.sql", prepare})
	}
	return files
}

// TableCount is what a trial has counted of a table.
type TableCount struct {
	Name string `json:"name"`
	Rows int64  `json:"rows"`
	// Replicated: each segment has all rows, and gpbackup counts them on each.
	Replicated bool `json:"replicated"`
}

// ParseCounts reads the rows by table that a trial has counted.
func ParseCounts(out string) (map[string]TableCount, error) {
	counted := map[string]TableCount{}
	for line := range strings.Lines(out) {
		count, err := parseJSON[TableCount](line, "a count of rows")
		if err != nil {
			return nil, err
		}
		counted[count.Name] = count
	}
	return counted, nil
}

// BackupOutcome is what became of a request of a job.
type BackupOutcome struct {
	// Status is the exit status, -1 if there is none.
	Status    int
	Timestamp string
	Causes    []string
}

// ParseOutcomes reads what `backup.sh outcome` printed, in the order of the requests.
func ParseOutcomes(out string) ([]BackupOutcome, error) {
	byNumber := map[int]*BackupOutcome{}
	var order []int
	err := parseLines(out, "the outcome was", func(line string, words []string) error {
		if len(words) < 2 {
			return fmt.Errorf("unknown outcome %q", line)
		}
		number, err := strconv.Atoi(words[1])
		switch {
		case err != nil:
			return fmt.Errorf("unknown outcome %q", line)
		case words[0] == "request" && len(words) == 4:
			status, err := strconv.Atoi(words[2])
			if err != nil {
				return fmt.Errorf("unknown outcome %q", line)
			}
			byNumber[number] = &BackupOutcome{Status: status, Timestamp: strings.TrimPrefix(words[3], "-")}
			order = append(order, number)
		case words[0] == "cause" && byNumber[number] != nil:
			text := strings.TrimSpace(strings.TrimPrefix(line, "cause "+words[1]))
			byNumber[number].Causes = append(byNumber[number].Causes, text)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(order)
	outcomes := make([]BackupOutcome, 0, len(order))
	for _, number := range order {
		outcomes = append(outcomes, *byNumber[number])
	}
	return outcomes, nil
}

// ParseSpace reads what `backup.sh space` printed: the free bytes of a volume.
func ParseSpace(out string) (free int64, err error) {
	err = parseLines(out, "the free space was", func(line string, words []string) (err error) {
		if len(words) != 2 || words[0] != "free" {
			return fmt.Errorf("unknown answer %q", line)
		}
		free, err = strconv.ParseInt(words[1], 10, 64)
		return err
	})
	return free, err
}

// tableOf is gpbackup's and gprestore's way to say how many tables they have begun or done.
var tableOf = regexp.MustCompile(`\(table (\d+) of (\d+)\)`) //nolint:gochecknoglobals // compiled once, never changed

// BackupProgress is a line of gpbackup or gprestore for people, "" for one that tells them nothing.
func BackupProgress(line string) string {
	if match := tableOf.FindStringSubmatch(line); match != nil {
		return "table " + match[1] + " of " + match[2]
	}
	if _, text, found := strings.Cut(line, "-[INFO]:-"); found {
		return text
	}
	return ""
}

func lines(texts []string) string { return strings.Join(texts, "\n") + "\n" }
