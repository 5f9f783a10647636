package segments

import "slices"

// The modes of stopping: smart lets no one in and waits for clients, fast rolls their transactions back, immediate is like a crash.
const (
	Smart     = "smart"
	Fast      = "fast"
	Immediate = "immediate"
)

// Gpstop stops the whole cluster in a mode. It exits 2 when everything is stopped already.
func Gpstop(mode string) Utility { return Utility{Argv: []string{"gpstop", "-a", "-M", mode}} }

// Gpstart starts the whole cluster. It exits 2 when it is running already.
func Gpstart() Utility { return Utility{Argv: []string{"gpstart", "-a"}} }

// GpstartAlone starts all but the standby, and does not look whether that has been activated: where nobody reaches it gpstart would
// ask a person, and without one it starts nothing and exits 4.
func GpstartAlone() Utility { return Utility{Argv: []string{"gpstart", "-a", "-S", "-y"}} }

// Restricted is a gpstart that lets superusers in only. Any other refuses amid an expansion's setup, with exit status 2.
func Restricted(gpstart Utility) Utility {
	gpstart.Argv = append(slices.Clone(gpstart.Argv), "-R")
	return gpstart
}

// Gprestart stops the whole cluster in fast mode and starts it again.
func Gprestart() Utility { return Utility{Argv: []string{"gpstop", "-a", "-r", "-M", Fast}} }

// Gpreload has every instance read its configuration files.
func Gpreload() Utility { return Utility{Argv: []string{"gpstop", "-a", "-u"}} }
