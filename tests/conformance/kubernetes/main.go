// Asks Kubernetes' own code what it thinks: `validate FILE...` prints what the API server says of each document;
// `probe` reads trials as JSON lines, runs them all at once with the kubelet's own prober, and prints what happened.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sync"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: kubernetes validate FILE... | probe < TRIALS")
		os.Exit(2)
	}
	output := json.NewEncoder(os.Stdout)
	if os.Args[1] == "validate" {
		for _, path := range os.Args[2:] {
			judged, err := validate(path)
			if err != nil {
				judged = []Judged{{Errors: []string{err.Error()}}}
			}
			_ = output.Encode(judged)
		}
		return
	}
	var trials []Trial
	scanner := bufio.NewScanner(os.Stdin)
	for scanner.Scan() {
		var trial Trial
		if err := json.Unmarshal(scanner.Bytes(), &trial); err != nil {
			panic(err)
		}
		trials = append(trials, trial)
	}
	found := make([][]Seen, len(trials))
	var running sync.WaitGroup
	for index, trial := range trials {
		running.Add(1)
		go func() {
			defer running.Done()
			found[index] = try(trial)
		}()
	}
	running.Wait()
	for _, seen := range found {
		_ = output.Encode(seen)
	}
}
