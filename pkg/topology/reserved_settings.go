package topology

import "strings"

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
		"recovery_target_xid"},
	{"gpk reads the logs that Greenplum's own logging writes", "logging_collector log_destination log_directory"},
	{"it is no setting; give the settings themselves", "include include_dir include_if_exists"},
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
