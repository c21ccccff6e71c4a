// Package view turns studies and trials into documents: the JSON that scripts
// rely on, and the tables that people read.
package view
