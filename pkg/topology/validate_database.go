package topology

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var (
	// databaseName keeps to what needs quotes nowhere but in SQL. PostgreSQL cuts names at NAMEDATALEN - 1 bytes.
	databaseName = regexp.MustCompile(`^[A-Za-z_][0-9A-Za-z_-]{0,62}$`)
	localeName   = regexp.MustCompile(`^[A-Za-z][A-Za-z_]{0,30}(\.[0-9A-Za-z-]{1,20})?(@[a-z]{1,20})?$`)
	// unicodeLocale is one that names no other codeset than gpinitsystem is given. What it is without any, the image says.
	unicodeLocale = regexp.MustCompile(`^[A-Za-z][A-Za-z_]{0,30}(\.[Uu][Tt][Ff]-?8)?(@[a-z]{1,20})?$`)
	// extensionName keeps to the names that extensions have, which need quotes for - only.
	extensionName = regexp.MustCompile(`^[a-z_][0-9a-z_-]{0,62}$`)
	// settingName is a parameter's name, with a prefix if an extension's.
	settingName = regexp.MustCompile(`^[A-Za-z_][0-9A-Za-z_]{0,62}(\.[A-Za-z_][0-9A-Za-z_]{0,62})?$`)
)

func (v *validator) database(c *Cluster, path *field.Path) {
	database := c.Spec.Database
	name := path.Child("name")
	switch {
	case database.Name == "":
	case slices.Contains([]string{"postgres", "template0", "template1"}, database.Name):
		v.refuse(name, database.Name, "Greenplum makes it itself; leave the name out or give another")
	case !databaseName.MatchString(database.Name):
		v.refuse(name, database.Name, "give a letter, then letters, digits, _ and -, 63 at most")
	}
	switch locale := path.Child("locale"); {
	case !localeName.MatchString(database.Locale):
		v.refuse(locale, database.Locale, "give a locale of the image, such as en_US.UTF-8 or C.UTF-8")
	case !unicodeLocale.MatchString(database.Locale):
		language, _, _ := strings.Cut(database.Locale, ".")
		v.refuse(locale, database.Locale, "the databases are in UTF-8: give %s.UTF-8, if the image contains that locale, or C", language)
	}
	v.config(c, path.Child("config"))
	v.boundedSettings(c, path.Child("config"))
	v.keptGuarantees(c, path.Child("config"))
	for i, line := range database.HBA {
		if complaint := hbaComplaint(line); complaint != "" {
			v.fault(path.Child("hba").Index(i), "%s is not allowed: %s", shownHBA(line), complaint)
		}
	}
	for i, name := range database.Extensions {
		switch at := path.Child("extensions").Index(i); {
		case !extensionName.MatchString(name):
			v.refuse(at, name, "give an extension's name, such as pgcrypto")
		case slices.Contains(database.Extensions[:i], name):
			v.refuse(at, name, "given twice: remove one")
		}
	}
	v.objectName(path.Child("passwordSecret"), database.PasswordSecret)
}

func (v *validator) config(c *Cluster, path *field.Path) {
	first, reserved := map[string]string{}, reservedSettings()
	for _, name := range sortedKeys(c.Spec.Database.Config) {
		at, lower := path.Key(name), strings.ToLower(name)
		switch reason := reserved[lower]; {
		case !settingName.MatchString(name):
			v.refuse(at, name, "a setting's name is letters, digits and _, such as max_connections")
		case reason != "":
			v.fault(at, "reserved: %s", reason)
		case first[lower] != "":
			v.fault(at, "given twice, as %s too: remove one", first[lower])
		default:
			v.settingValue(at, string(c.Spec.Database.Config[name]))
		}
		first[lower] = name
	}
}

// reservedGroups are the server settings that gpk or Greenplum's utilities own, and why.
var reservedGroups = []struct{ why, names string }{
	{"gpk gives every instance its port, directory and socket", "port data_directory config_file hba_file ident_file external_pid_file " +
		"unix_socket_directories unix_socket_directory"},
	{"every instance listens on its pod's address; spec.database.hba and network policies say who gets in", "listen_addresses"},
	{"Greenplum sets it when it starts an instance", "gp_dbid gp_contentid gp_role gp_session_role"},
	{"Greenplum's fault tolerance sets it when it makes or promotes a mirror", "synchronous_standby_names primary_conninfo " +
		"primary_slot_name wal_level standby_mode trigger_file promote_trigger_file"},
	{"it makes an instance wait for a recovery that gpk knows nothing of", "recovery_target recovery_target_action " +
		"recovery_target_inclusive recovery_target_lsn recovery_target_name recovery_target_time recovery_target_timeline " +
		"recovery_target_xid recovery_min_apply_delay"},
	{"gpk reads the logs that Greenplum's own logging writes", "logging_collector log_destination log_directory"},
	{"it is no setting; give the settings themselves", "include include_dir include_if_exists"},
	{"gpk gives every instance a certificate of the cluster's own, by which the pods know each other; spec.tls is for that of clients",
		"ssl ssl_cert_file ssl_key_file ssl_ca_file ssl_passphrase_command ssl_passphrase_command_supports_reload"},
	{"give spec.database.locale", "lc_collate lc_ctype server_encoding"},
}

// reservedSettings are the reasons for which cluster.yaml cannot give a server setting, by its name in lower case.
func reservedSettings() map[string]string {
	reasons := map[string]string{}
	for _, group := range reservedGroups {
		for name := range strings.FieldsSeq(group.names) {
			reasons[name] = group.why
		}
	}
	return reasons
}

// settingValue refuses what would break out of its place in postgresql.conf or in the scripts that write it there.
func (v *validator) settingValue(path *field.Path, value string) {
	switch {
	case value == "":
		v.fault(path, "empty: give a value, or leave the setting out for its default")
	case strings.ContainsFunc(value, unicode.IsControl):
		v.refuse(path, value, "give one line without control characters")
	case strings.ContainsAny(value, "'\\"):
		v.refuse(path, value, "a value has no single quote and no backslash; gpk puts the quotes around it")
	case len(value) > 1000:
		v.refuse(path, value, "give at most 1000 characters")
	}
}

func (v *validator) network(c *Cluster, path *field.Path) {
	network := c.Spec.Network
	if network.ClusterDomain != "" {
		v.refuseAll(path.Child("clusterDomain"), network.ClusterDomain, validation.IsDNS1123Subdomain(network.ClusterDomain))
	}
	if network.NetworkPolicy != nil {
		v.fault(path.Child("networkPolicy"), "false is now called segmentsOpenToAllPods: true, which says what it opens: "+
			"every pod is then any role of the database")
	}
	service := path.Child("service")
	oneOf(v, service.Child("type"), network.Service.Type, serviceTypes...)
	for _, fault := range apivalidation.ValidateAnnotations(network.Service.Annotations, service.Child("annotations")) {
		v.faults = append(v.faults, Fault{Field: fault.Field, Message: withoutExamples(fault.ErrorBody())})
	}
}
