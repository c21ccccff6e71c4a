// Package dbtest starts PostgreSQL and MariaDB servers for tests and
// benchmarks: by hand, as an own user where the process is root, in a folder
// that is removed, on a port of 127.0.0.1, with a password. Nothing of a
// server that the machine may run is touched.
//
// A test that only needs a database calls [Database]: all tests of a process
// share one server of each kind, and each gets a database of its own. A test
// that stops, kills or restarts a server starts its own with [Start].
//
// A server dies with the process that started it, however that ends.
package dbtest
