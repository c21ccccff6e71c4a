// Package layering holds the tests that keep the packages of this module in
// their layers. It has no code of its own.
package layering
