package storage

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// serverURL is the URL of a database on a server, in its parts. What the URL
// leaves out, the environment and the files of the database's own clients say.
type serverURL struct {
	dialect  string // postgresName or mysqlName
	user     string
	password string
	host     string // empty: not given
	port     string // empty: not given
	database string
	options  url.Values // what follows the ?
}

// parseServer reads what follows the scheme:// of a server's URL. Its errors
// quote nothing of it: it may hold a password.
func parseServer(dialect, rest string) (location, error) {
	unreadable := errors.New("the storage URL cannot be read: want " + dialect +
		"://USER@HOST:PORT/DATABASE, with characters such as @ / ? # % in a password written as %40 %2F %3F %23 %25")
	u, err := url.Parse("db://" + rest)
	if err != nil || u.Fragment != "" || u.Opaque != "" || u.RawFragment != "" {
		return location{}, unreadable
	}
	options, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return location{}, unreadable
	}
	s := &serverURL{dialect: dialect, host: u.Hostname(), port: u.Port(), database: strings.TrimPrefix(u.Path, "/"), options: options}
	if u.User != nil {
		s.user = u.User.Username()
		s.password, _ = u.User.Password()
	}
	if strings.Contains(s.database, "/") {
		return location{}, unreadable // most likely a / in the password
	}
	if s.database == "" && dialect == mysqlName {
		return location{}, fmt.Errorf("the storage URL names no database: want %s://USER@HOST/DATABASE", dialect)
	}
	return location{server: s}, nil
}

// name is the URL without what may be secret.
func (s *serverURL) name() string {
	u := url.URL{Scheme: s.dialect, Host: s.host, Path: "/" + s.database}
	if s.port != "" {
		u.Host = net.JoinHostPort(s.host, s.port)
	} else if strings.Contains(s.host, ":") {
		u.Host = "[" + s.host + "]"
	}
	if s.user != "" {
		u.User = url.User(s.user)
	}
	return u.String()
}

// secrets are the strings that no message may show.
func (s *serverURL) secrets() []string {
	secrets := []string{s.password}
	for _, option := range []string{"password", "passwd", "sslpassword"} {
		secrets = append(secrets, s.options.Get(option))
	}
	return secrets
}
