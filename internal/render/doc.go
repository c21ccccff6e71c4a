// Package render writes what a verb found: as a table for people, as
// tab-separated lines in a pipe, as JSON, YAML or CSV for programs, or as bare
// names for a shell.
package render
