package render

import "strings"

// Argument returns a name as one word of a command line, to be copied into a
// shell: Optuna's studies may have any name.
func Argument(name string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:@%+=,"
	if name != "" && !strings.HasPrefix(name, "-") && strings.Trim(name, plain) == "" {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}
