package config

import (
	"fmt"
	"path/filepath"
	"slices"
)

// defaultMigration is how the reference application migrates; its file is how such an application is recognised.
var defaultMigration = Migration{Command: []string{"python", "-m", "src.migrate"}, TimeoutSeconds: 900}

const migrationFile = "src/migrate.py"

// migrationOverride is what `migration` may change. A nil field keeps the default.
type migrationOverride struct {
	Enabled        *bool     `json:"enabled" default:"true if the backend is built from a source with src/migrate.py, or a command is named" doc:"Without the Job the backend migrates when it starts." allowed:"true, false"`
	Command        *[]string `json:"command" doc:"Runs in the backend's image with DATABASE_URL and the backend's env." allowed:"not empty"`
	Skip           bool      `json:"skip" doc:"Leave the schema as it is and change nothing else, as a rollback does: no Job runs, and the backend does not migrate either." allowed:"true, false"`
	TimeoutSeconds *int      `json:"timeoutSeconds" doc:"Seconds for all tries together." allowed:"10 to 3600"`

	PodLabels      map[string]string `json:"podLabels" doc:"The Job's pod has the backend's podLabels; these take the place of those of the same name, an empty one takes it away." allowed:"labels, none of app.kubernetes.io/"`
	PodAnnotations map[string]string `json:"podAnnotations" doc:"The same of podAnnotations. A mesh whose sidecar runs beside the program keeps a Job from ending: sidecar.istio.io/inject: \"false\" leaves it out." allowed:"annotations"`
}

// migration is on by default where it can work: an application that does not know the command would never be deployed.
// Whoever names a command means it to run.
func (l *loader) migration(c *Config) Migration {
	var o migrationOverride
	l.object(keyMigration, &o)
	m, backend := defaultMigration, c.Service(BackendName)
	// A skipped Job is one that there would be, also when the image is given.
	m.Skip = o.Skip
	m.Enabled = o.Command != nil || ((backend.Built() || m.Skip) && isFile(filepath.Join(c.Root, c.SourceFolder(backend), migrationFile)))
	if o.Enabled != nil {
		m.Enabled = *o.Enabled
	}
	m.Enabled = m.Enabled && backend.Enabled
	if o.Command != nil {
		m.Command = *o.Command
	}
	if o.TimeoutSeconds != nil {
		m.TimeoutSeconds = *o.TimeoutSeconds
	}
	m.PodLabels, m.PodAnnotations = o.PodLabels, o.PodAnnotations
	return m
}

func (m Migration) validate(ps *problems) {
	validateLabels(keyMigration+".podLabels", m.PodLabels, ps)
	validateAnnotations(keyMigration+".podAnnotations", m.PodAnnotations, ps)
	if m.Enabled && (len(m.Command) == 0 || slices.Contains(m.Command, "")) {
		ps.refuse(keyMigration+".command", fmt.Sprintf("%q", m.Command), "it must name a program of the backend's image",
			"'[\"python\",\"-m\",\"src.migrate\"]'")
	}
	// Below 10 s not even the image is there; an hour is longer than anybody watches an update.
	if m.TimeoutSeconds < 10 || m.TimeoutSeconds > 3600 {
		ps.refuse(keyMigration+".timeoutSeconds", fmt.Sprint(m.TimeoutSeconds), "allowed: 10 to 3600", "900")
	}
}
