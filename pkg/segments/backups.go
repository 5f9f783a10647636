package segments

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
)

// timestamp is the name that gpbackup gives a backup: when it began, by the clock of the coordinator's pod.
var timestamp = regexp.MustCompile(`^[0-9]{14}$`) //nolint:gochecknoglobals // compiled once, never changed

// IsTimestamp says whether a text can be the name of a backup.
func IsTimestamp(text string) bool {
	_, err := time.Parse("20060102150405", text)
	return timestamp.MatchString(text) && err == nil
}

// BackupFolder is the folder of a backup in the folder of all backups.
func BackupFolder(timestamp string) string { return "backups/" + timestamp[:8] + "/" + timestamp + "/" }

// Files of a backup in its folder. gpbackup stores the first one last but one, and the report at the very end.
const (
	ConfigFile   = "config.yaml"
	TOCFile      = "toc.yaml"
	ReportFile   = "report"
	MetadataFile = "metadata.sql"
	NoteFile     = "gpk.json"
)

// BackupFile is the name of a file of a backup.
func BackupFile(timestamp, file string) string { return "gpbackup_" + timestamp + "_" + file }

// BackupConfig is what gpbackup has written down of a backup, in config.yaml.
type BackupConfig struct {
	Timestamp       string         `json:"timestamp"`
	EndTime         string         `json:"endtime"`
	Status          string         `json:"status"`
	DatabaseName    string         `json:"databasename"`
	DatabaseVersion string         `json:"databaseversion"`
	BackupVersion   string         `json:"backupversion"`
	SegmentCount    int            `json:"segmentcount"`
	Compressed      bool           `json:"compressed"`
	CompressionType string         `json:"compressiontype"`
	Incremental     bool           `json:"incremental"`
	LeafPartition   bool           `json:"leafpartitiondata"`
	SingleDataFile  bool           `json:"singledatafile"`
	MetadataOnly    bool           `json:"metadataonly"`
	DataOnly        bool           `json:"dataonly"`
	IncludeTables   []string       `json:"includerelations"`
	ExcludeTables   []string       `json:"excluderelations"`
	IncludeSchemas  []string       `json:"includeschemas"`
	ExcludeSchemas  []string       `json:"excludeschemas"`
	TableFiltered   bool           `json:"includetablefiltered"`
	RestorePlan     []RestoreEntry `json:"restoreplan"`
}

// RestoreEntry says which tables of an increment are in which backup.
type RestoreEntry struct {
	Timestamp string   `json:"timestamp"`
	Tables    []string `json:"tablefqns"`
}

// ParseBackupConfig reads config.yaml.
func ParseBackupConfig(data []byte) (BackupConfig, error) {
	var config BackupConfig
	if err := yaml.Unmarshal(data, &config); err != nil {
		return BackupConfig{}, fmt.Errorf("config.yaml: %w", err)
	}
	if !IsTimestamp(config.Timestamp) || config.DatabaseName == "" {
		return BackupConfig{}, fmt.Errorf("config.yaml has no timestamp or no database")
	}
	config.DatabaseName = plainName(config.DatabaseName)
	return config, nil
}

// Failed reports whether gpbackup itself says that the backup failed. Earlier releases say nothing.
func (c BackupConfig) Failed() bool { return c.Status != "" && c.Status != "Success" }

// Release is the release of the database that was backed up, such as 7.1.0.
func (c BackupConfig) Release() string {
	match := regexp.MustCompile(`\((?:Greenplum Database|[^()]*) (\d+\.\d+\.\d+[^ )]*)`).FindStringSubmatch(c.DatabaseVersion)
	if match == nil {
		return ""
	}
	return match[1]
}

// Needs are the earlier backups without which this one cannot be restored.
func (c BackupConfig) Needs() []string {
	var needed []string
	for _, entry := range c.RestorePlan {
		if entry.Timestamp != c.Timestamp && len(entry.Tables) > 0 {
			needed = append(needed, entry.Timestamp)
		}
	}
	return needed
}

// Base reports whether an increment with this request can follow a backup: gpbackup takes none with another filter or compression, and
// gprestore none from another number of segments.
func (c BackupConfig) Base(database string, r BackupRequest, segments int) bool {
	same := func(a, b []string) bool { return slices.Equal(sorted(a), sorted(b)) }
	return !c.Failed() && c.DatabaseName == database && c.SegmentCount == segments && c.LeafPartition && !c.MetadataOnly && !c.DataOnly &&
		c.SingleDataFile == r.SingleFile && c.Compressed == (r.Compression != "none") &&
		(!c.Compressed || cmp.Or(c.CompressionType, "gzip") == cmp.Or(r.Compression, "gzip")) &&
		same(c.IncludeSchemas, r.IncludeSchemas) && same(c.ExcludeSchemas, r.ExcludeSchemas) &&
		same(c.IncludeTables, r.IncludeTables) && same(c.ExcludeTables, r.ExcludeTables)
}

func sorted(texts []string) []string { return slices.Sorted(slices.Values(texts)) }

// BackedUpTable is a table of a backup.
type BackedUpTable struct {
	// Name is SCHEMA.TABLE as SQL writes it.
	Name string
	OID  uint32
	// Rows are those that gpbackup has counted: of a replicated table, those of all segments together.
	Rows       int64
	Replicated bool
}

// BackupTOC is gpbackup's table of contents.
type BackupTOC struct {
	Tables []BackedUpTable
	// Roles and Schemas are as SQL writes them.
	Roles, Schemas []string
}

type tocEntry struct {
	Schema string `json:"schema"`
	Name   string `json:"name"`
	Kind   string `json:"objecttype"`
	OID    uint32 `json:"oid"`
	// Replicated is what releases since 1.30 say of a table.
	Replicated bool  `json:"isreplicated"`
	Rows       int64 `json:"rowscopied"`
}

// ParseTOC reads toc.yaml.
func ParseTOC(data []byte) (BackupTOC, error) {
	var file struct {
		Global []tocEntry `json:"globalentries"`
		Data   []tocEntry `json:"dataentries"`
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		return BackupTOC{}, fmt.Errorf("toc.yaml: %w", err)
	}
	var toc BackupTOC
	for _, entry := range file.Global {
		if entry.Kind == "ROLE" && !slices.Contains(toc.Roles, entry.Name) {
			toc.Roles = append(toc.Roles, entry.Name)
		}
	}
	for _, entry := range file.Data {
		toc.Tables = append(toc.Tables, BackedUpTable{entry.Schema + "." + entry.Name, entry.OID, entry.Rows, entry.Replicated})
		if !slices.Contains(toc.Schemas, entry.Schema) {
			toc.Schemas = append(toc.Schemas, entry.Schema)
		}
	}
	return toc, nil
}

// MissingFiles are what a backup's folder lacks of what its own table of contents says that it has, by names of files. A file may have the
// ending of its compression.
func MissingFiles(c BackupConfig, toc BackupTOC, files []string) []string {
	bare := map[string]bool{}
	for _, file := range files {
		bare[strings.TrimSuffix(strings.TrimSuffix(file, ".gz"), ".zst")] = true
	}
	wanted := []string{BackupFile(c.Timestamp, TOCFile), BackupFile(c.Timestamp, ReportFile), BackupFile(c.Timestamp, MetadataFile)}
	for content := range c.SegmentCount {
		data := "gpbackup_" + strconv.Itoa(content) + "_" + c.Timestamp
		switch {
		case c.MetadataOnly || len(toc.Tables) == 0:
		case c.SingleDataFile:
			wanted = append(wanted, data, data+"_toc.yaml")
		default:
			for _, table := range toc.Tables {
				wanted = append(wanted, data+"_"+strconv.FormatUint(uint64(table.OID), 10))
			}
		}
	}
	return slices.DeleteFunc(wanted, func(file string) bool { return bare[file] })
}

// plainName is the name of a database that gpbackup has written as SQL does.
func plainName(name string) string {
	if len(name) >= 2 && name[0] == '"' && name[len(name)-1] == '"' {
		return strings.ReplaceAll(name[1:len(name)-1], `""`, `"`)
	}
	return name
}

// DatabaseSQL prints `t` if a database exists.
func DatabaseSQL(name string) string {
	return "select exists (select from pg_database where datname = " + literal(name) + ");\n"
}

// MissingRolesSQL prints those of some roles, as SQL writes them, that do not exist, as a JSON array.
func MissingRolesSQL(roles []string) string {
	return "select coalesce(json_agg(name order by name), '[]') from unnest(array[" + literals(roles) + "]::text[]) as wanted (name)\n" +
		"where name not in (select quote_ident(rolname) from pg_roles);\n"
}

// DatabaseBytesSQL prints the bytes of a database.
func DatabaseBytesSQL(name string) string { return "select pg_database_size(" + literal(name) + ");\n" }

// PrepareSQL makes schemas that a backup of single tables does not bring along, as SQL writes them.
func PrepareSQL(schemas []string) string {
	var b strings.Builder
	for _, schema := range schemas {
		if schema != "public" {
			fmt.Fprintf(&b, "create schema %s;\n", schema)
		}
	}
	return b.String()
}

// BackupNote is what gpk stores with a backup.
type BackupNote struct {
	Name    string `json:"name,omitempty"`
	Cluster string `json:"cluster"`
}

// reportLine has the size of the database in gpbackup's report.
var reportLine = regexp.MustCompile(`(?m)^database size: +(\d+) ([A-Za-z]+)$`) //nolint:gochecknoglobals // compiled once, never changed

// ReportedSize is the size of the database in bytes, by gpbackup's report; 0 if it has none.
func ReportedSize(report []byte) int64 {
	match := reportLine.FindSubmatch(report)
	if match == nil {
		return 0
	}
	number, err := strconv.ParseInt(string(match[1]), 10, 64)
	shift, known := map[string]int{"BYTES": 0, "KB": 10, "MB": 20, "GB": 30, "TB": 40, "PB": 50}[strings.ToUpper(string(match[2]))]
	if err != nil || !known {
		return 0
	}
	return number << shift
}
