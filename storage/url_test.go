package storage

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestParseURL(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]location{
		"memory:":                         {memory: true},
		"sqlite:///:memory:":              {memory: true},
		"sqlite:///study.db":              {path: "study.db"},
		"sqlite:///dir/study.db":          {path: "dir/study.db"},
		"sqlite:////abs/study.db":         {path: "/abs/study.db"},
		"sqlite+pysqlite:///study.db":     {path: "study.db"},
		"SQLite:///study.db":              {path: "study.db"},
		"sqlite:///a b%20#ü.db":           {path: "a b%20#ü.db"}, // literal, as in SQLAlchemy
		"sqlite:////mnt/user@host/s.db":   {path: "/mnt/user@host/s.db"},
		"sqlite+aiosqlite:////tmp/x+y.db": {path: "/tmp/x+y.db"},
	} {
		got, err := parseURL(url)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", url, got, err, want)
		}
	}
}

func TestParseURLRefuses(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"":                                 "empty",
		"study.db":                         "write sqlite:///study.db",
		"/abs/study.db":                    "write sqlite:////abs/study.db",
		"sqlite://study.db":                "write sqlite:///study.db",
		"sqlite:study.db":                  "no scheme",
		"sqlite://":                        "names no file",
		"sqlite:///":                       "names no file",
		"sqlite+pysqlite:///":              "names no file",
		"sqlite:///s.db?mode=ro":           "options after ?",
		"sqlite:///file:s.db":              "file: URIs",
		"sqlite:///a\nb":                   "line break",
		"sqlite://me:secret@host/s.db":     "no user and host",
		"postgresql://me:se/secret@h/db":   "written as %40 %2F",
		"postgresql://me:secret#@h/db":     "cannot be read",
		"postgresql://me:secret@h:port/db": "cannot be read",
		"mysql+pymysql://me:secret@h":      "names no database",
		"mysql://me:secret@h/db?a=%secret": "cannot be read",
		"oracle://me:secret@h/db":          `unknown database "oracle"`,
		"me:secret@host://x":               "no known scheme",
		"me:secret@host":                   "no scheme",
	} {
		_, err := parseURL(url)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: error %v, want %q and no password", url, err, want)
		}
	}
}

func TestPath(t *testing.T) {
	t.Parallel()
	abs, err := filepath.Abs("study.db")
	if err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]string{"sqlite:///study.db": abs, "sqlite:////a/../b.db": "/b.db", "memory:": ""} {
		if got, err := Path(url); err != nil || got != want {
			t.Errorf("Path(%s) = %q, %v; want %q", url, got, err, want)
		}
	}
	if path, err := Path("postgresql://host/db"); err != nil || path != "" {
		t.Errorf("a server has the path %q, %v", path, err)
	}
}

func TestRedact(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"sqlite:////a/b@c:d.db":                 "sqlite:////a/b@c:d.db",
		"memory:":                               "memory:",
		"postgresql://me@host:5432/db":          "postgresql://me@host:5432/db",
		"postgresql://me:secret@host:5432/db":   "postgresql://me:***@host:5432/db",
		"postgresql://me:se/c@ret@host/db":      "postgresql://me:***@host/db",
		"mysql://:secret@host/db":               "mysql://:***@host/db",
		"postgresql://host/db?password=secret":  "postgresql://host/db",
		"postgresql://me@host/db?password=s@ec": "postgresql://me@host/db",
		"postgresql://me:se?cret@host/db":       "postgresql://***",
	} {
		if got := Redact(url); got != want {
			t.Errorf("Redact(%s) = %s, want %s", url, got, want)
		}
	}
}

func FuzzURL(f *testing.F) {
	for _, seed := range []string{"sqlite:///a.db", "memory:", "postgresql://u:p@h/d?x=y", "a", "://", "sqlite://@", "x+y://u:@:p"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, url string) {
		loc, err := parseURL(url)
		kinds := 0
		for _, is := range []bool{loc.memory, loc.path != "", loc.server != nil} {
			if is {
				kinds++
			}
		}
		if err == nil && kinds != 1 {
			t.Errorf("%q: %+v", url, loc)
		}
		if loc.server != nil {
			_ = loc.server.postgres()
		}
		_ = Redact(url)
		// Whatever is around it, a password shows nowhere.
		const secret = "HUSH-HUSH"
		if strings.ContainsAny(url, "/@?") || strings.HasPrefix(strings.ToLower(url), "sqlite") {
			return
		}
		withPassword := url + "://user:" + secret + "@host/db"
		loc, err = parseURL(withPassword)
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%q: error %v", withPassword, err)
		}
		if err == nil && strings.Contains(loc.server.name(), secret) {
			t.Errorf("%q: named %s", withPassword, loc.server.name())
		}
		if redacted := Redact(withPassword); strings.Contains(redacted, secret) {
			t.Errorf("%q redacted: %q", withPassword, redacted)
		}
	})
}
