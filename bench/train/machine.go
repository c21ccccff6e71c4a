package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// machine describes where a row was measured.
func machine() string {
	cores := "1 core"
	if n := runtime.NumCPU(); n > 1 {
		cores = fmt.Sprintf("%d cores", n)
	}
	where := fmt.Sprintf("%s/%s, %s", runtime.GOOS, runtime.GOARCH, cores)
	if cpu := processor(); cpu != "" {
		where += " (" + cpu + ")"
	}
	if gpu, err := exec.Command("nvidia-smi", "--query-gpu=name", "--format=csv,noheader").Output(); err == nil {
		where += ", " + strings.ReplaceAll(strings.TrimSpace(string(gpu)), "\n", ", ")
	}
	return where
}

func processor() string {
	data, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "" // not Linux
	}
	for line := range strings.Lines(string(data)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
