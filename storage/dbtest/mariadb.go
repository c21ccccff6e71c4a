package dbtest

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// noAIO spares the kernel's asynchronous input and output, of which a machine
// has only so much for all servers that tests run at the same time.
const noAIO = "--innodb-use-native-aio=0"

// mariadb is MariaDB; tested with 10.11.
type mariadb struct{ server, installer string }

func findMariaDB() (engine, error) {
	server, ok := program("mariadbd", "/usr/sbin", "/usr/libexec")
	installer, ok2 := program("mariadb-install-db", "/usr/bin")
	if !ok || !ok2 {
		return nil, fmt.Errorf("MariaDB: %w", ErrMissing)
	}
	return mariadb{server, installer}, nil
}

func (m mariadb) install(dir string, user *syscall.Credential) error {
	// The server executes this file at each start.
	init := fmt.Sprintf("CREATE USER IF NOT EXISTS '%s'@'127.0.0.1' IDENTIFIED BY '%s';\nGRANT ALL ON *.* TO '%[1]s'@'127.0.0.1' WITH GRANT OPTION;\n",
		User, Password)
	if err := os.WriteFile(filepath.Join(dir, "init.sql"), []byte(init), 0o644); err != nil {
		return err
	}
	return complete([]string{m.installer, "--no-defaults", "--datadir=" + filepath.Join(dir, "data"),
		"--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve",
		"--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", noAIO}, user)
}

func (m mariadb) command(dir string, port int, o Options) []string {
	args := []string{m.server, "--no-defaults", "--datadir=" + filepath.Join(dir, "data"), "--bind-address=127.0.0.1",
		"--port=" + strconv.Itoa(port), "--socket=" + filepath.Join(dir, "socket"), "--pid-file=" + filepath.Join(dir, "pid"),
		"--init-file=" + filepath.Join(dir, "init.sql"), "--skip-name-resolve", "--character-set-server=utf8mb4",
		"--max-connections=" + strconv.Itoa(o.Connections), "--innodb-buffer-pool-size=64M", noAIO}
	if !o.Durable {
		args = append(args, "--innodb-flush-log-at-trx-commit=2", "--innodb-doublewrite=0", "--innodb-flush-method=nosync")
	}
	return args
}

func (mariadb) driver() string { return "mysql" }

func (mariadb) admin(port int) string {
	return fmt.Sprintf("%s:%s@tcp(127.0.0.1:%d)/", User, Password, port)
}

func (mariadb) url(port int, database string) string {
	u := url.URL{Scheme: "mysql", User: url.UserPassword(User, Password), Host: fmt.Sprintf("127.0.0.1:%d", port), Path: "/" + database}
	return u.String()
}

func (mariadb) create(database string) string { return "CREATE DATABASE " + database }
func (mariadb) drop(database string) string   { return "DROP DATABASE IF EXISTS " + database }
func (mariadb) stop() syscall.Signal          { return syscall.SIGTERM }
func (mariadb) abandon() syscall.Signal       { return syscall.SIGKILL } // it is one process
func (mariadb) account() string               { return "mysql" }
