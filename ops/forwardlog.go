package main

import (
	"io"
	"os"
)

// logCap is the size at which the background forward's log becomes the old one, of which one is kept.
const logCap = 1 << 20

// forwardLog is where the stack's background forward writes.
func (o *Ops) forwardLog() string { return o.stackState("forward.log") }

// forwardOutput is standard output, and a log with a limited size when that is the stack's log.
func (o *Ops) forwardOutput() io.Writer {
	out, err := os.Stdout.Stat()
	log, logErr := os.Stat(o.forwardLog())
	if err != nil || logErr != nil || !os.SameFile(out, log) {
		return os.Stdout
	}
	return cappedLog{os.Stdout, o.forwardLog()}
}

// cappedLog appends to a log that other processes hold open too, so a full one is copied away and emptied, not renamed.
type cappedLog struct {
	*os.File
	path string
}

func (l cappedLog) Write(line []byte) (int, error) {
	if info, err := l.Stat(); err == nil && info.Size()+int64(len(line)) > logCap {
		if text, err := os.ReadFile(l.path); err == nil {
			// A copy that cannot be written is no reason to let the log grow.
			_ = os.WriteFile(l.path+".old", text, 0o600)
		}
		if err := l.Truncate(0); err != nil {
			return 0, err
		}
	}
	return l.File.Write(line)
}
