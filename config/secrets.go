package config

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// What is wrong with a secret, as far as its text tells. None of the checks repeats the text.

// placeholders are what documentation writes where a secret belongs. They are long enough not to occur in random text: 43
// characters of base64 have a chance of one in ten million of containing any of them.
var placeholders = []string{
	"change-me", "changeme", "change_me", "change-this", "change_this", "replace-me", "replace_me", "replace-this", "replace_this",
	"your-secret", "your_secret", "your-key", "your_key", "your-api", "your_api", "your-openai", "your_openai", "example", "placeholder", "insert-", "secret-key", "secret_key", "supersecret", "super-secret", "super_secret",
	"better-auth-secret", "password123", "abcdefghij", "0123456789", "1234567890", "deadbeef", "xxxxxx",
}

// placeholder tells what makes a text no secret, or "".
func placeholder(plain string) string {
	lower := strings.ToLower(plain)
	for _, word := range placeholders {
		if strings.Contains(lower, word) {
			return "holds " + quoted(word) + ", as examples do"
		}
	}
	if strings.HasPrefix(plain, "<") || strings.HasPrefix(plain, "${") || strings.HasSuffix(plain, "...") || strings.HasSuffix(plain, "…") {
		return "is a placeholder of somebody's documentation"
	}
	return ""
}

// distinctChars is fewer than 32 random characters of the poorest usual alphabet, the hexadecimal digits, ever have: the
// chance is less than one in ten million.
const distinctChars = 8

func checkAuthSecret(plain string) (got, want, good string) {
	want = fmt.Sprintf("at least %d random characters (remove the key to have them generated)", minAuthSecretChars)
	good = `"$(openssl rand -base64 32)"`
	distinct := map[rune]bool{}
	for _, r := range plain {
		distinct[r] = true
	}
	switch {
	case len(plain) < minAuthSecretChars:
		got = fmt.Sprintf("%d characters", len(plain))
	case placeholder(plain) != "":
		got = placeholder(plain)
	case len(distinct) < distinctChars:
		got = fmt.Sprintf("%d characters, only %d of them different", len(plain), len(distinct))
	case strings.TrimSpace(plain) != plain:
		got = "begins or ends with white space"
	}
	return got, want, good
}

func (l *loader) checkAuthSecretAlso(plain string) (got, want, good string) {
	if plain == l.in.Values[keyAuthSecret].Text {
		return "the value of " + keyAuthSecret, "it is the next key before a rotation, and the one before after it", ""
	}
	got, _, good = checkAuthSecret(plain)
	return got, fmt.Sprintf("at least %d random characters (remove the key when no rotation is under way)", minAuthSecretChars), good
}

// checkAPIKey knows nothing of a key's form: OPENAI_BASE_URL may lead to somebody else's API.
func checkAPIKey(plain string) (got, want, good string) {
	switch {
	case strings.ContainsFunc(plain, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }):
		got = "holds white space, as a key never does"
	case strings.ContainsAny(plain, `"'`):
		got = "holds a quotation mark, as a key never does"
	case placeholder(plain) != "":
		got = placeholder(plain)
	case strings.HasPrefix(plain, "sk-") && len(plain) < 20:
		got = fmt.Sprintf("%d characters, and a key that begins with sk- has many more", len(plain))
	}
	return got, "it must be the key that the API's provider shows once, or not be set", ""
}

const goodDatabaseURL = "'postgresql://USER:PASSWORD@HOST/DATABASE?sslmode=require'"

// encrypted are the values of sslmode under which libpq never goes on without TLS.
var encrypted = []string{"require", "verify-ca", "verify-full"}

func (l *loader) checkDatabaseURL(plain string) (got, want, good string) {
	want, good = "allowed: postgres://USER:PASSWORD@HOST[:PORT]/DATABASE, also with postgresql://", goodDatabaseURL
	u, err := url.Parse(plain)
	scheme := ""
	if err == nil {
		scheme, _, _ = strings.Cut(u.Scheme, "+") // SQLAlchemy's way to name a driver: postgresql+asyncpg
	}
	switch {
	case strings.ContainsFunc(plain, unicode.IsSpace):
		got = "holds white space"
	case err != nil: // url.Parse's error repeats the URL and with it the password
		got = "is not a URL (a special character in the password must be percent-encoded)"
	case strings.Contains(u.User.String(), "%40") && strings.Count(plain[:strings.LastIndex(plain, "@")], "@") > 0:
		got = "has an @ in the user or password (it must be percent-encoded, as %40)"
	case scheme != "postgres" && scheme != "postgresql":
		got = "has another scheme than postgres"
		if guess := closest(scheme, []string{"postgres", "postgresql"}); guess != "" {
			want = fmt.Sprintf("did you mean %s://?", guess)
		}
	case u.Hostname() == "":
		got = "has no host"
	case portOf(u, DatabasePort) == 0:
		got = "has a port that is not in 1 to 65535"
	case l.ownDatabase(u) && portOf(u, DatabasePort) != DatabasePort:
		got, want = "leads to the stack's own database at another port", fmt.Sprintf("it listens on %d", DatabasePort)
	case strings.Trim(u.Path, "/") == "":
		got = "has no database name"
	case isLoopback(u.Hostname()):
		got, want = "leads to localhost, which in a pod is the pod itself", "it must be a host that pods can reach"
	case isExample(u):
		got, want = "is the example from the documentation", "it must lead to a database of yours"
	case strings.HasSuffix(u.Scheme, "+asyncpg") && u.Query().Has("sslmode"):
		got, want = "has sslmode, which asyncpg does not know", "it is ssl there: ?ssl=require"
	case u.Query().Has("sslmode") && !slices.Contains(sslModes, u.Query().Get("sslmode")):
		got, want = "has an sslmode that Postgres does not know", "allowed: "+strings.Join(sslModes, ", ")
	case l.needsTLS() && !slices.Contains(encrypted, or(u.Query().Get("sslmode"), u.Query().Get("ssl"))):
		got, want = "lets the connection go on without TLS", "production needs ?sslmode=require, verify-ca or verify-full"
	}
	return got, want, good
}

// ownDatabase tells a role of the database that the stack runs itself, as its password's rotation needs one, from a database
// elsewhere.
func (l *loader) ownDatabase(u *url.URL) bool {
	return u.Hostname() == DatabaseService && !l.boolean(keyProduction, false)
}

var sslModes = append([]string{"disable", "allow", "prefer"}, encrypted...)

// needsTLS: a rehearsal of production on this machine has its database there too.
func (l *loader) needsTLS() bool {
	return l.boolean(keyProduction, false) && !l.boolean(keyAllowLocal, false)
}

func isLoopback(host string) bool {
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || net.ParseIP(host).IsLoopback() || net.ParseIP(host).IsUnspecified()
}

// isExample finds the parts of our own examples, and of everybody's.
func isExample(u *url.URL) bool {
	password, _ := u.User.Password()
	host := strings.ToLower(u.Hostname())
	return slices.Contains([]string{"HOST", "host"}, u.Hostname()) || slices.Contains([]string{"PASSWORD", "changeme", "change-me"}, password) ||
		host == "example.com" || strings.HasSuffix(host, ".example.com") || placeholder(password) != ""
}
