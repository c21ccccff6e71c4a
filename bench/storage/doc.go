// Command storage measures the storage, for `make bench-storage`: durable
// trials per second by one process and by many, on SQLite and PostgreSQL,
// beside Optuna's RDBStorage on the same databases; statements a trial; how
// the cost of a trial grows with its study; asking and telling with tpe; and
// the list of many studies.
package main
