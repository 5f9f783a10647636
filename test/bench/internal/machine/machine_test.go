package machine

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	// From proc(5): pid (comm) state ppid … with starttime as field 22.
	const tail = " 1 532 532 0 -1 4194560 2140 0 0 0 5 9 0 0 20 0 8 0 171234 1268940800 3005 18446744073709551615"
	tests := []struct {
		name, line string
		want       stat
		fails      bool
	}{
		{name: "plain", line: "532 (bench) S" + tail, want: stat{"S", 171234, false}},
		{name: "brackets and blanks in the name", line: "532 (a) R (b c) Z" + tail, want: stat{"Z", 171234, false}},
		{name: "on its way out", line: "532 (bench) D" + strings.Replace(tail, "4194560", "4194564", 1), want: stat{"D", 171234, true}},
		{name: "cut short", line: "532 (bench) S 1 532", fails: true},
		{name: "nothing", line: "", fails: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseStat(tt.line)
			if (err != nil) != tt.fails {
				t.Fatalf("error: %v", err)
			}
			if got != tt.want {
				t.Errorf("%+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestKillPending(t *testing.T) {
	const status = "Name:\tbench\nSigQ:\t0/9\nSigPnd:\t%s\nShdPnd:\t%s\nSigBlk:\tffffffffffffffff\n"
	const none, kill, term = "0000000000000000", "0000000000000100", "0000000000004000"
	for _, tt := range []struct {
		thread, process string
		want            bool
	}{{none, none, false}, {none, kill, true}, {kill, none, true}, {none, term, false}, {none, "what?", true}} {
		if got := killPending(fmt.Sprintf(status, tt.thread, tt.process)); got != tt.want {
			t.Errorf("pending for the thread %s, for the process %s: %t", tt.thread, tt.process, got)
		}
	}
}

func TestWorks(t *testing.T) {
	self, err := identify(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if self.Works() {
		t.Error("a machine that was not released works")
	}
	self.Released = true
	if !self.Works() {
		t.Error("a process that runs is said to die")
	}
	self.Start--
	if self.Works() {
		t.Error("another process's machine works")
	}
}

func TestKillSparesWhoeverHasThePIDNow(t *testing.T) {
	sleep := exec.Command("sleep", "60")
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = sleep.Wait() // killed below
		close(ended)
	}()
	process, err := identify(sleep.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	earlier := Process{PID: process.PID, Start: process.Start - 1}
	if earlier.Alive() {
		t.Error("a process that had this pid before is taken for alive")
	}
	if err := earlier.Kill(); err != nil {
		t.Fatal(err)
	}
	if !process.Alive() {
		t.Fatal("another process was killed by its pid")
	}
	if err := process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-ended
	if process.Alive() {
		t.Error("a dead process is taken for alive")
	}
	if err := process.Kill(); err != nil {
		t.Errorf("killing what is gone: %v", err)
	}
}

func TestNoProcessIsNotAlive(t *testing.T) {
	if (Process{}).Alive() {
		t.Error("the zero Process is alive")
	}
	if (Process{PID: os.Getpid()}).Alive() {
		t.Error("a pid without a start time is alive")
	}
}

func TestKillService(t *testing.T) {
	other, service := exec.Command("sleep", "60"), exec.Command("sleep", "60")
	service.Args[0] = "kube-apiserver" // as init starts services
	ended := make(chan struct{})
	for _, cmd := range []*exec.Cmd{other, service} {
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
	}
	go func() {
		_ = service.Wait() // killed below
		close(ended)
	}()
	t.Cleanup(func() {
		_ = other.Process.Kill()
		_ = other.Wait()
	})
	self, err := identify(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // again is no fault
		if err := self.KillService("kube-apiserver", time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	<-ended
	if process, err := identify(other.Process.Pid); err != nil || !process.Alive() {
		t.Errorf("another service was killed: %v", err)
	}
}
