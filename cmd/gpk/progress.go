package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"gpk/pkg/apply"
	"gpk/pkg/apply/engine"

	"github.com/briandowns/spinner"
	"github.com/fatih/color"
)

// progress shows people what happens: a spinner on a terminal, one line per step elsewhere. It writes to the error stream,
// so that data and progress never mix.
type progress struct {
	out     io.Writer
	quiet   bool
	verbose bool
	spin    *spinner.Spinner
	last    string
	// printing is one line at a time: requests of several goroutines may wait.
	printing sync.Mutex
	// shown is advice with commands that lead to this cluster.
	shown func(engine.Advice) string
}

func (a *printer) progress() *progress {
	p := &progress{out: a.err, quiet: a.settings.GetBool("quiet"), verbose: a.settings.GetBool("verbose"), shown: a.shown}
	if screen, ok := a.err.(*os.File); ok && terminal(screen) && !p.quiet && !p.verbose {
		p.spin = spinner.New(spinner.CharSets[14], 100*time.Millisecond, spinner.WithWriterFile(screen))
	}
	return p
}

// observed runs an operation and shows its progress.
func observed[T any](a *app, run func(apply.Observers) (T, error)) (T, error) {
	progress := a.progress()
	a.current.Store(progress)
	defer a.current.Store(nil)
	defer progress.stop()
	return run(apply.Observers{Observe: progress.observe, Waiting: progress.waiting})
}

// observe is an engine.Observer.
func (p *progress) observe(event engine.Event) {
	if p.quiet {
		return
	}
	switch event.Kind {
	case engine.StepStarted:
		p.start(event.Step.Title)
	case engine.Progress:
		p.line(event.Step.Title, event.Line)
	case engine.StepDone:
		p.stop()
		p.print(color.GreenString("✓"), fmt.Sprintf("%s (%.1fs)", event.Step.Title, event.Elapsed.Seconds()))
	case engine.StepSkipped:
		for _, note := range event.Finding.Details {
			p.print(color.YellowString("!"), note)
		}
		if next := p.shown(event.Finding.Next); next != "" {
			p.print(color.YellowString("!"), next)
		}
		if p.verbose {
			p.print(color.HiBlackString("="), event.Step.Title)
		}
	}
}

// waiting says who holds the lock.
func (p *progress) waiting(holder string) {
	if !p.quiet {
		p.print("…", "checking whether another gpk still works on this cluster: "+holder)
	}
}

// unanswered says why gpk waits for the API server, also in the middle of a step.
func (a *printer) unanswered(why string) {
	p := a.current.Load()
	if p == nil {
		p = a.progress()
	}
	if p.quiet {
		return
	}
	turning := p.spin != nil && p.spin.Active()
	p.stop()
	p.print("…", why)
	if turning {
		p.spin.Start()
	}
}

func (p *progress) start(title string) {
	if p.spin != nil {
		p.spin.Suffix = " " + title
		p.spin.Start()
	} else if p.verbose {
		p.print("…", title)
	}
}

func (p *progress) line(title, line string) {
	again := line == p.last
	p.last = line
	switch {
	case p.verbose && again:
		// A wait says the same until something changes.
	case p.verbose:
		p.print(" ", line)
	case p.spin != nil:
		p.spin.Lock()
		p.spin.Suffix = " " + title + ": " + shorten(printable(line), 80)
		p.spin.Unlock()
	}
}

// stop takes the spinner off the terminal.
func (p *progress) stop() {
	if p.spin != nil {
		p.spin.Stop()
	}
}

func (p *progress) print(mark, text string) {
	p.printing.Lock()
	defer p.printing.Unlock()
	_, _ = fmt.Fprintf(p.out, "%s %s\n", mark, printable(text))
}
