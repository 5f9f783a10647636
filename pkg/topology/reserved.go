package topology

import "strings"

// The reasons for which a server setting is gpk's.
const (
	placed     = "gpk gives every instance its port, directory and socket"
	identified = "Greenplum sets it when it starts an instance"
	replicated = "Greenplum's fault tolerance sets it when it makes or promotes a mirror"
	reached    = "every instance listens on its pod's address; spec.database.hba and network policies say who gets in"
	recovered  = "it makes an instance wait for a recovery that gpk knows nothing of"
	logged     = "gpk reads the logs that Greenplum's own logging writes"
	included   = "it is no setting; give the settings themselves"
	localised  = "give spec.database.locale"
)

// reservedSettings are the server settings that gpk or Greenplum's utilities own, and why.
var reservedSettings = map[string]string{
	"port":                      placed,
	"data_directory":            placed,
	"config_file":               placed,
	"hba_file":                  placed,
	"ident_file":                placed,
	"external_pid_file":         placed,
	"unix_socket_directories":   placed,
	"unix_socket_directory":     placed,
	"listen_addresses":          reached,
	"gp_dbid":                   identified,
	"gp_contentid":              identified,
	"gp_role":                   identified,
	"gp_session_role":           identified,
	"synchronous_standby_names": replicated,
	"primary_conninfo":          replicated,
	"primary_slot_name":         replicated,
	"wal_level":                 replicated,
	"standby_mode":              replicated,
	"trigger_file":              replicated,
	"promote_trigger_file":      replicated,
	"recovery_target":           recovered,
	"recovery_target_action":    recovered,
	"recovery_target_inclusive": recovered,
	"recovery_target_lsn":       recovered,
	"recovery_target_name":      recovered,
	"recovery_target_time":      recovered,
	"recovery_target_timeline":  recovered,
	"recovery_target_xid":       recovered,
	"logging_collector":         logged,
	"log_destination":           logged,
	"log_directory":             logged,
	"include":                   included,
	"include_dir":               included,
	"include_if_exists":         included,
	"lc_collate":                localised,
	"lc_ctype":                  localised,
	"server_encoding":           localised,
}

// ReservedSetting says why a server setting can't be given, or "" if it can.
func ReservedSetting(name string) string { return reservedSettings[strings.ToLower(name)] }
