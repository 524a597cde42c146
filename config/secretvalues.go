package config

import (
	"fmt"
	"regexp"
	"slices"
)

// wellKnown are the secrets of services that have a key of their own.
var wellKnown = []string{keyDatabaseURL, keyAuthSecret, keyAuthSecretAlso, keyOpenAIKey, keyChatbotOpenAI, keyMigrationURL}

// secretVariable is what a container's environment takes as a name.
var secretVariable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// secretValues reads the well-known keys, and `secrets` with any other names.
func (l *loader) secretValues() map[string]Secret {
	all := map[string]Secret{}
	for key, check := range map[string]func(string) (got, want, good string){
		keyDatabaseURL: l.checkDatabaseURL, keyMigrationURL: l.checkDatabaseURL,
		keyAuthSecret: checkAuthSecret, keyAuthSecretAlso: l.checkAuthSecretAlso,
		keyOpenAIKey: checkAPIKey, keyChatbotOpenAI: checkAPIKey,
	} {
		if value := l.secret(key, check); value != "" {
			all[key] = value
		}
	}
	given := map[string]string{}
	l.object(keySecrets, &given)
	held := l.file[keySecrets]
	for _, name := range sortedKeys(given) {
		path := join(keySecrets, name)
		switch {
		case !secretVariable.MatchString(name):
			l.ps.add(Problem{Key: path, Got: "not an environment variable's name", Want: "allowed: letters, digits and _", Fix: l.ps.remove(path)})
		case slices.Contains(wellKnown, name):
			l.ps.add(Problem{Key: path, Got: "set here", Want: "it has a key of its own",
				Fix: l.ps.remove(path) + " && " + l.ps.set(name, "")})
		case !l.in.Values[keySecrets].Secret || held.plain(name):
			l.ps.add(Problem{Key: path, Got: "set in plain text", Want: "it must be encrypted in the stack's file (and changed, if the file was shared)",
				Fix: fmt.Sprintf("pulumi config set -s %s --secret --path %s", l.ps.stack, shellWord(path))})
		case given[name] == "":
			l.ps.add(Problem{Key: path, Got: "empty", Want: "give it a value, or remove it", Fix: l.ps.remove(path)})
		default:
			all[name] = Secret(given[name])
		}
	}
	return all
}

// validateSecrets checks that every secret a service lists has a value, and that every value has a reader.
func (c *Config) validateSecrets(ps *problems) {
	readBy := map[string]bool{}
	for _, s := range c.Services() {
		for i, name := range s.Secrets {
			readBy[name] = true
			path := fmt.Sprintf("services.%s.secrets[%d]", s.Name, i)
			switch {
			case !secretVariable.MatchString(name):
				ps.refuse(path, quoted(name), "allowed: letters, digits and _", "<NAME>")
			case slices.Contains(wellKnown, name) || c.Secrets[name] != "" || ps.has(join(keySecrets, name)):
			case c.ExternalSecrets != nil:
				if _, stored := c.ExternalSecrets.remote[name]; !stored {
					ps.refuse(keyExternalSecrets+".keys."+name, "not set", "service "+s.Name+" reads it from the store", name)
				}
			default:
				ps.add(Problem{Key: join(keySecrets, name), Got: "not set", Want: "service " + s.Name + " reads it", Later: true,
					Fix: fmt.Sprintf("pulumi config set -s %s --secret --path %s", ps.stack, shellWord(join(keySecrets, name)))})
			}
		}
	}
	if e := c.ExternalSecrets; e != nil {
		known := append(slices.Clone(wellKnown), sortedKeys(readBy)...)
		for _, name := range sortedKeys(e.remote) {
			if path := join(keyExternalSecrets+".keys", name); !slices.Contains(known, name) {
				ps.add(Problem{Key: path, Got: "no secret of a service", Want: suggestion(name, known), Fix: ps.remove(path)})
			}
		}
	}
	for _, name := range sortedKeys(c.Secrets) {
		if !readBy[name] && !slices.Contains(wellKnown, name) {
			ps.add(Problem{Key: join(keySecrets, name), Got: "set", Want: "no service lists it",
				Fix: ps.set("services.<name>.secrets[0]", name) + ", or " + ps.remove(join(keySecrets, name))})
		}
	}
}

// plainCredentials rejects a password where everybody who may read a ConfigMap would read it.
func (c *Config) plainCredentials(s Service, key string, ps *problems) {
	for _, name := range sortedKeys(s.Env) {
		if credentials(s.Env[name]) {
			path := join(key+".env", name)
			ps.add(Problem{Key: path, Got: "a URL that holds a password", Want: "variables in env are plain text in the cluster and in the state",
				Fix: ps.remove(path) + fmt.Sprintf(" && pulumi config set -s %s --secret --path secrets.%s", ps.stack, name) +
					", and list it: " + ps.set("services."+s.Name+".secrets[0]", name)})
		}
	}
}
