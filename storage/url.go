package storage

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// MemoryURL names a store that lives as long as the process.
const MemoryURL = "memory:"

// location is where a storage URL points to: to memory, to a file, or to a
// database on a server.
type location struct {
	memory bool
	path   string // of the SQLite file, as it was written
	server *serverURL
}

// Path returns the absolute path of the SQLite file that url names, and ""
// for a store in memory and for a server. It touches no file. The data
// directory of a study lies beside the file.
func Path(url string) (string, error) {
	loc, err := parseURL(url)
	if err != nil || loc.memory || loc.server != nil {
		return "", err
	}
	abs, err := filepath.Abs(loc.path)
	if err != nil {
		return "", fmt.Errorf("storage path %s: %w", loc.path, err)
	}
	return abs, nil
}

// parseURL reads a storage URL as SQLAlchemy and Optuna write it. Its errors
// never quote a part that may hold a password.
func parseURL(url string) (location, error) {
	switch {
	case url == MemoryURL:
		return location{memory: true}, nil
	case url == "":
		return location{}, errors.New("the storage URL is empty: want, for example, sqlite:///hpsearch.db")
	case strings.ContainsAny(url, "\x00\n\r"):
		return location{}, errors.New("the storage URL has a line break or a NUL in it")
	}
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok {
		return location{}, noSchemeError(url)
	}
	dialect, _, _ := strings.Cut(strings.ToLower(scheme), "+")
	switch dialect {
	case "sqlite":
		return parseSQLite(rest)
	case "postgresql", "postgres":
		return parseServer(postgresName, rest)
	case "mysql", "mariadb":
		return parseServer(mysqlName, rest)
	}
	if !isWord(dialect) {
		return location{}, errors.New("the storage URL has no known scheme: " + wantURL)
	}
	return location{}, fmt.Errorf("storage URL: unknown database %q: %s", dialect, wantURL)
}

// wantURL says what a storage URL looks like.
const wantURL = "want sqlite:///FILE, postgresql://USER@HOST/DATABASE, mysql://USER@HOST/DATABASE or memory:"

// InMemory reports whether url names a store that ends with the process.
func InMemory(url string) bool {
	loc, err := parseURL(url)
	return err == nil && loc.memory
}

// noSchemeError hints at the URL for a bare file path.
func noSchemeError(url string) error {
	if strings.ContainsAny(url, "@:") {
		return errors.New("the storage URL has no scheme: " + wantURL)
	}
	return fmt.Errorf("%q is not a storage URL: for an SQLite file write sqlite:///%s", url, url)
}

// parseSQLite reads what follows sqlite://. As in SQLAlchemy there is no
// host and the path is taken literally. Unlike there, one without a name is
// refused: it is more often an unset variable than a wish for memory.
func parseSQLite(rest string) (location, error) {
	path, ok := strings.CutPrefix(rest, "/")
	switch {
	case path == "":
		return location{}, fmt.Errorf("the storage URL sqlite://%s names no file: want, for example, sqlite:///hpsearch.db", rest)
	case ok && path == ":memory:":
		return location{memory: true}, nil
	case !ok && strings.Contains(rest, "@"):
		return location{}, errors.New("an SQLite URL has no user and host: want sqlite:///FILE")
	case !ok:
		return location{}, fmt.Errorf("sqlite://%s has two slashes before the path: write sqlite:///%s", rest, rest)
	case strings.HasPrefix(path, "file:"):
		return location{}, errors.New("file: URIs inside an SQLite URL are not supported: want sqlite:///FILE")
	case strings.Contains(path, "?"):
		return location{}, errors.New("options after ? in an SQLite URL are not supported: want sqlite:///FILE")
	}
	return location{path: path}, nil
}

// isWord reports whether s may be quoted as the name of a database kind: a
// scheme is letters, digits, '.', '-' and begins with a letter (RFC 3986).
func isWord(s string) bool {
	for i, r := range s {
		letter := r >= 'a' && r <= 'z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789.-", r)) {
			return false
		}
	}
	return s != ""
}

// Redact returns the URL without what may be secret, for messages and JSON:
// a password becomes *** and options after ? are dropped.
func Redact(url string) string {
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok || strings.HasPrefix(strings.ToLower(scheme), "sqlite") && strings.HasPrefix(rest, "/") {
		return url
	}
	address, _, _ := strings.Cut(rest, "?")
	at := strings.LastIndexByte(address, '@') // a password may contain @ and /
	switch {
	case at >= 0:
		user, _, password := strings.Cut(address[:at], ":")
		if password {
			user += ":***"
		}
		return scheme + "://" + user + address[at:]
	case strings.Contains(rest, "@"): // a ? in the password, it seems
		return scheme + "://***"
	}
	return scheme + "://" + address
}
