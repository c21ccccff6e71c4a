package storage

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"
	"gorm.io/driver/mysql" // MySQL and MariaDB for gorm, on a pure Go driver
	"gorm.io/gorm"
)

// mysqlDialect is MariaDB from 10.6 on and MySQL from 8; tested with MariaDB
// 10.11, and with MySQL 8.0, 8.4 and 9.7 where HPSEARCH_TEST_MYSQL names one.
var mysqlDialect = &dialect{
	name:      mysqlName,
	clock:     "CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED)",
	micros:    "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', %s)",
	lockStudy: "SELECT study_id FROM studies WHERE study_id = ? FOR UPDATE",
	lockTrial: "SELECT trial_id FROM trials WHERE trial_id = ? FOR UPDATE",
	tryTrial:  "SELECT trial_id FROM trials WHERE trial_id = ? FOR UPDATE SKIP LOCKED",
	// Optuna's heartbeats are in the time zone of the session.
	beat: `INSERT INTO trial_heartbeats (trial_id, heartbeat) VALUES (?, NOW() + INTERVAL ? MICROSECOND)
		ON DUPLICATE KEY UPDATE heartbeat = VALUES(heartbeat)`,
	beatArgument: func(_ time.Time, lease time.Duration) any { return lease.Microseconds() },
	lost:         lostMySQL,
	full:         func(err error) bool { return anyNumber(err, 1040, 1203, 1226) },
	conflict: func(err error) bool {
		return anyNumber(err, 1213, 1205, 1020, 4025) // deadlock, lock timeout, record changed
	},
	duplicate: func(err error) bool { return anyNumber(err, 1062) },
	advise:    adviseMySQL,
	retry:     serverRetry,
}

// openMySQL makes the pool of connections; it connects to nothing.
func openMySQL(u *serverURL, s *sqlStore) (*sql.DB, gorm.Dialector, error) {
	config, err := u.mysql()
	if err != nil {
		return nil, nil, err
	}
	s.secrets = append(s.secrets, config.Passwd)
	connector, err := mysqldriver.NewConnector(config)
	if err != nil {
		return nil, nil, err
	}
	db := sql.OpenDB(mysqlConnector{connector, config.Timeout})
	return db, mysql.New(mysql.Config{Conn: db, SkipInitializeWithVersion: true}), nil
}

// mysqlConnector sets up every connection.
type mysqlConnector struct {
	driver.Connector
	limit time.Duration // of all that is said until a connection can be used
}

// errSilent is the failure to connect to something that takes connections and
// does not say what MySQL's servers begin with.
var errSilent = errors.New("no greeting")

// sessionSettings make MySQL read the SQL that the others do, refuse values
// that do not fit, and lock no gaps between rows.
var sessionSettings = []string{
	"SET SESSION sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES,STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION')",
	"SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
	"SET SESSION idle_transaction_timeout = 30", // MariaDB's; see postgresSettings
}

// Connect implements [driver.Connector].
func (c mysqlConnector) Connect(ctx context.Context) (driver.Conn, error) {
	bounded, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	conn, err := c.connect(bounded)
	if err != nil && ctx.Err() == nil && bounded.Err() != nil {
		err = fmt.Errorf("%w for %s: %w", errSilent, c.limit, err)
	}
	return conn, err
}

func (c mysqlConnector) connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	for _, statement := range sessionSettings {
		_, err := conn.(driver.ExecerContext).ExecContext(ctx, statement, nil)
		if err != nil && !anyNumber(err, 1193) { // a variable that MySQL does not have
			return nil, errors.Join(err, conn.Close())
		}
	}
	return conn, nil
}

// anyNumber reports whether err is the server's, with one of the numbers.
func anyNumber(err error, numbers ...uint16) bool {
	var failure *mysqldriver.MySQLError
	if !errors.As(err, &failure) {
		return false
	}
	for _, n := range numbers {
		if failure.Number == n {
			return true
		}
	}
	return false
}

// lostMySQL reports whether the connection is gone. The server itself says so
// while it stops, and when it has no connection to give.
func lostMySQL(err error) bool {
	return errors.Is(err, mysqldriver.ErrInvalidConn) || lostConnection(err) ||
		anyNumber(err, 1040, 1053, 1077, 1080, 1152, 1158, 1159, 1160, 1161, 1184, 1203, 1226, 1927, 4031)
}

// adviseMySQL adds what to do about the failures that a user can mend.
func adviseMySQL(err error) error {
	hint := ""
	switch {
	case errors.Is(err, errSilent):
		hint = "the server takes connections and says nothing: look whether it is MySQL's or MariaDB's port (PostgreSQL's URL begins with postgresql://) and whether it is overloaded"
	case anyNumber(err, 1045, 1698):
		hint = "the server refuses the user or password: write them into ~/.my.cnf or MYSQL_PWD, or into the URL"
	case anyNumber(err, 1049):
		hint = "there is no such database: CREATE DATABASE makes one"
	case anyNumber(err, 1044, 1142, 1143, 1227):
		hint = "the user lacks a right: GRANT ALL on the database"
	case anyNumber(err, 1021, 1114, 3, 28):
		hint = "the server's disk is full: nothing was written; free space and run again"
	case anyNumber(err, 1290, 1792, 1836):
		hint = "the server is read-only, a replica perhaps: name its primary server"
	case anyNumber(err, 1040, 1203, 1226):
		hint = "the server has no connection left: raise its max_connections or run fewer workers"
	case anyNumber(err, 1406):
		hint = "a text is too long for its column"
	case lostMySQL(err):
		hint = "the server does not answer: look whether it runs and whether host and port are right"
	}
	return hinted(hint, err)
}
