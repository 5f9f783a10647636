package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// plans measures `gpk plan`, which prints the plan of a cluster: its time and its peak memory.
func (m *measure) plans() ([]row, error) {
	sizes := []int{1250, 2500, 5000, 10000}
	times, memory := map[int][]float64{}, map[int][]float64{}
	for range m.runs {
		for _, size := range sizes {
			seconds, megabytes, err := m.plan(size)
			if err != nil {
				return nil, err
			}
			m.say("plan of %d segments: %.2f s, %.0f MB", size, seconds, megabytes)
			times[size] = append(times[size], seconds)
			memory[size] = append(memory[size], megabytes)
		}
	}
	smallest, largest := sizes[0], sizes[len(sizes)-1]
	rows := []row{
		{what: "plan of 10,000 segments", ours: times[largest], unit: "s", wanted: bound{value: 1}},
		{what: "… its peak memory", ours: memory[largest], unit: "MB", wanted: bound{value: 300}},
	}
	for _, size := range sizes[1:] {
		// What grows linearly grows at most as much as the number of segments; what grows with its square, as the square of that.
		rows = append(rows, row{what: fmt.Sprintf("… time of %d segments", size), ours: times[size], unit: "s",
			against: fmt.Sprintf("%d segments", smallest), theirs: times[smallest], wanted: bound{value: 1.2 * float64(size/smallest)}})
	}
	return rows, nil
}

func (m *measure) plan(segments int) (seconds, megabytes float64, err error) {
	file := filepath.Join(m.dir, "plan.yaml")
	if err := os.WriteFile(file, []byte(clusterFile("measured", m.image, segments)), 0o600); err != nil {
		return 0, 0, err
	}
	// Its output goes nowhere: who reads twenty thousand lines is not measured.
	command := exec.CommandContext(m.ctx, m.gpk, "plan", "-f", file)
	command.Stderr = m.progress
	if seconds, err = timed(command.Run); err != nil {
		return 0, 0, fmt.Errorf("gpk plan: %w", err)
	}
	usage, ok := command.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0, 0, fmt.Errorf("this system does not tell the memory of a process")
	}
	// Linux tells kibibytes.
	return seconds, float64(usage.Maxrss) * 1024 / 1e6, nil
}
