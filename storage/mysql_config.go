package storage

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"
)

// defaultSocket is where Debian's servers listen.
const defaultSocket = "/run/mysqld/mysqld.sock"

// mysql makes the driver's configuration. What the URL leaves out comes from
// ~/.my.cnf and then from the environment, as with MySQL's own clients.
func (s *serverURL) mysql() (*mysqldriver.Config, error) {
	c := mysqldriver.NewConfig()
	c.DBName = s.database
	c.InterpolateParams = true // one round trip instead of three
	c.MultiStatements = true   // for mysqlWrites; what a user writes is an argument all the same
	c.Timeout = connectTimeout
	c.ClientFoundRows = true
	c.Logger = &mysqldriver.NopLogger{}
	c.Collation = "utf8mb4_general_ci"
	file := s.options.Get("read_default_file")
	if file == "" {
		if home, err := os.UserHomeDir(); err == nil {
			file = filepath.Join(home, ".my.cnf")
		}
	}
	client, err := readOptionFile(file)
	if err != nil {
		return nil, err
	}
	c.User = first(s.user, client["user"], osUser())
	c.Passwd = first(s.password, s.options.Get("passwd"), s.options.Get("password"), client["password"], os.Getenv("MYSQL_PWD"))
	host := first(s.host, client["host"], os.Getenv("MYSQL_HOST"))
	port := first(s.port, client["port"], os.Getenv("MYSQL_TCP_PORT"), "3306")
	socket := first(s.options.Get("unix_socket"), client["socket"], os.Getenv("MYSQL_UNIX_PORT"))
	if _, err := os.Stat(defaultSocket); socket == "" && err == nil {
		socket = defaultSocket
	}
	c.Net, c.Addr = "tcp", net.JoinHostPort(first(host, "localhost"), port)
	if s.options.Has("unix_socket") || s.host == "" && s.port == "" && socket != "" && (host == "" || host == "localhost") {
		c.Net, c.Addr = "unix", socket
	}
	return c, s.mysqlOptions(c, first(host, "localhost"))
}

// mysqlOptions applies what follows the ? in the URL.
func (s *serverURL) mysqlOptions(c *mysqldriver.Config, host string) error {
	for name := range s.options {
		switch value := s.options.Get(name); name {
		case "charset", "use_unicode", "local_infile", "autocommit", "binary_prefix", "unix_socket", "read_default_file",
			"passwd", "password", "ssl_ca", "ssl_cert", "ssl_key", "ssl_check_hostname", "ssl_verify_cert",
			"ssl_verify_identity", "ssl_mode", "ssl_disabled", "ssl":
			// of Python's drivers: read elsewhere, or without a meaning here
		case "connect_timeout", "read_timeout", "write_timeout":
			seconds, err := strconv.ParseFloat(value, 64)
			if err != nil || seconds <= 0 {
				return fmt.Errorf("option %s of the storage URL: want seconds", name)
			}
			d := time.Duration(seconds * float64(time.Second))
			switch name {
			case "connect_timeout":
				c.Timeout = d
			case "read_timeout":
				c.ReadTimeout = d
			default:
				c.WriteTimeout = d
			}
		default:
			return fmt.Errorf("option %q of the storage URL is not known: want unix_socket, connect_timeout, read_timeout, "+
				"write_timeout, read_default_file, charset, ssl_mode, ssl_ca, ssl_cert, ssl_key or ssl_check_hostname", name)
		}
	}
	var err error
	c.TLS, err = s.mysqlTLS(host)
	return err
}

// mysqlTLS reads the options about encryption; nil for none.
func (s *serverURL) mysqlTLS(host string) (*tls.Config, error) {
	get := s.options.Get
	mode := strings.ToUpper(get("ssl_mode"))
	switch mode {
	case "", "DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY":
	default:
		return nil, fmt.Errorf("option ssl_mode of the storage URL: want DISABLED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY")
	}
	given := get("ssl_ca") + get("ssl_cert") + get("ssl_key") + get("ssl_check_hostname") + get("ssl_verify_cert") + get("ssl_verify_identity")
	if mode == "DISABLED" || isTrue(get("ssl_disabled")) || mode == "" && given == "" && !isTrue(get("ssl")) || mode == "PREFERRED" && given == "" {
		return nil, nil
	}
	config := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if file := get("ssl_ca"); file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("option ssl_ca of the storage URL: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("option ssl_ca of the storage URL: %s holds no certificate", file)
		}
	}
	if get("ssl_cert") != "" || get("ssl_key") != "" {
		pair, err := tls.LoadX509KeyPair(get("ssl_cert"), get("ssl_key"))
		if err != nil {
			return nil, fmt.Errorf("options ssl_cert and ssl_key of the storage URL: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	switch {
	case mode == "VERIFY_IDENTITY" || mode == "" && config.RootCAs != nil && !isFalse(get("ssl_check_hostname")):
		return config, nil
	case mode == "VERIFY_CA" || config.RootCAs != nil:
		verifyChainOnly(config)
		return config, nil
	}
	config.InsecureSkipVerify = true // REQUIRED: encrypted, to whom is not asked
	return config, nil
}

// verifyChainOnly makes a configuration check who signed the certificate and
// not whose it is.
func verifyChainOnly(config *tls.Config) {
	config.InsecureSkipVerify = true
	roots := config.RootCAs
	config.VerifyConnection = func(state tls.ConnectionState) error {
		options := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
		for _, cert := range state.PeerCertificates[1:] {
			options.Intermediates.AddCert(cert)
		}
		_, err := state.PeerCertificates[0].Verify(options)
		return err
	}
}

func isTrue(s string) bool  { v, err := strconv.ParseBool(s); return err == nil && v }
func isFalse(s string) bool { v, err := strconv.ParseBool(s); return err == nil && !v }

// first returns the first string that is not empty.
func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

func osUser() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return os.Getenv("USER")
}

// readOptionFile reads the settings for clients from a file such as ~/.my.cnf;
// none when there is no such file.
func readOptionFile(path string) (map[string]string, error) {
	settings := map[string]string{}
	if path == "" {
		return settings, nil
	}
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return settings, nil
	}
	if err != nil {
		return nil, fmt.Errorf("MySQL's option file: %w", err)
	}
	ours := false
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#' || line[0] == ';' || line[0] == '!':
			continue
		case line[0] == '[':
			group := strings.ToLower(strings.Trim(line, "[] \t"))
			ours = group == "client" || group == "client-server" || group == "client-mariadb"
			continue
		case !ours:
			continue
		}
		name, value, _ := strings.Cut(line, "=")
		name = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(name)), "_", "-")
		settings[name] = optionValue(strings.TrimSpace(value))
	}
	return settings, nil
}

// optionValue drops quotes and comments from a value of an option file.
func optionValue(v string) string {
	if len(v) >= 2 && (v[0] == '"' || v[0] == '\'') && v[len(v)-1] == v[0] {
		return v[1 : len(v)-1]
	}
	v, _, _ = strings.Cut(v, " #") // a comment
	return strings.TrimSpace(v)
}
