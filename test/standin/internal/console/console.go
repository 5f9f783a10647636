// Package console writes the log lines of Greenplum's utilities: to the screen
// and to ~/gpAdminLogs/UTILITY_DATE.log.
package console

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Levels as the utilities print them. The ones written in bash say WARN, the
// ones written in Python say WARNING.
const (
	Debug    = "DEBUG"
	Info     = "INFO"
	Warn     = "WARN"
	Warning  = "WARNING"
	Error    = "ERROR"
	Critical = "CRITICAL"
	Fatal    = "FATAL"
)

// Log writes one utility's lines. It is safe for concurrent use.
type Log struct {
	prefix string // "gpstart:coordinator-0:gpadmin"
	pid    int
	quiet  bool
	now    func() time.Time
	screen io.Writer
	file   io.Writer
	path   string

	mu sync.Mutex
}

// Options say whose lines a Log writes and where to.
type Options struct {
	Utility string
	User    string
	Dir     string // of the log file; ~/gpAdminLogs when empty
	Home    string // the user's home directory
	Quiet   bool   // nothing to the screen
	Screen  io.Writer
	Now     func() time.Time
}

// Open starts a log. A log file that cannot be written is done without, as the
// utilities do when they can still print.
func Open(o Options) *Log {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	host, _, _ = strings.Cut(host, ".")
	dir := o.Dir
	if dir == "" {
		dir = filepath.Join(o.Home, "gpAdminLogs")
	}
	l := &Log{
		prefix: fmt.Sprintf("%s:%s:%s", o.Utility, host, o.User),
		pid:    os.Getpid(), quiet: o.Quiet, now: o.Now, screen: o.Screen, file: io.Discard,
		path: filepath.Join(dir, fmt.Sprintf("%s_%s.log", o.Utility, o.Now().Format("20060102"))),
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return l
	}
	if f, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644); err == nil {
		l.file = f
	}
	return l
}

// Path is the log file's.
func (l *Log) Path() string { return l.path }

// Dir is the directory of the log file.
func (l *Log) Dir() string { return filepath.Dir(l.path) }

// Line gives a line of the level the utilities' form.
func (l *Log) Line(level, text string) string {
	return fmt.Sprintf("%s:%06d %s-[%s]:-%s\n", l.now().Format("20060102:15:04:05"), l.pid, l.prefix, level, text)
}

// Print writes a line to the screen and to the file.
func (l *Log) Print(level, format string, args ...any) {
	line := l.Line(level, fmt.Sprintf(format, args...))
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = io.WriteString(l.file, line)
	if !l.quiet {
		_, _ = io.WriteString(l.screen, line)
	}
}

// Note writes a line to the file only.
func (l *Log) Note(level, format string, args ...any) {
	line := l.Line(level, fmt.Sprintf(format, args...))
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = io.WriteString(l.file, line)
}

// Raw writes text without the form of a line, such as progress dots.
func (l *Log) Raw(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.quiet {
		_, _ = io.WriteString(l.screen, text)
	}
}

// Info prints a line of that level.
func (l *Log) Info(format string, args ...any) { l.Print(Info, format, args...) }

// Rule prints a line of dashes.
func (l *Log) Rule(width int) { l.Info("%s", strings.Repeat("-", width)) }

// Quiet tells whether the screen is left alone.
func (l *Log) Quiet() bool { return l.quiet }

// Says is an error in the utilities' own words, capitals, full stops and all.
func Says(format string, args ...any) error { return fmt.Errorf(format, args...) }
