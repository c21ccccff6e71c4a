package app

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hpsearch/hpsearch/internal/spelling"
)

// FlagError says what is wrong with a flag of a command line, in words that do
// not need Go.
func FlagError(cmd *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		if want := wanted[invalid.GetFlag().Value.Type()]; want != "" {
			return Usagef(cmd, "--%s %s: want %s", invalid.GetFlag().Name, invalid.GetValue(), want)
		}
	}
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "" {
		if format, ok := formats[unknown.GetSpecifiedName()]; ok {
			return Usagef(cmd, "%s has no flag --%s: write -o %s", cmd.CommandPath(), unknown.GetSpecifiedName(), format)
		}
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near := spelling.Nearest(unknown.GetSpecifiedName(), names); near != "" {
			return Usagef(cmd, "%s has no flag --%s; did you mean --%s?", cmd.CommandPath(), unknown.GetSpecifiedName(), near)
		}
	}
	return Usagef(cmd, "%w", err)
}

// formats has what people of other programs write for --output.
var formats = map[string]string{"json": "json", "yaml": "yaml", "csv": "csv", "format": "FORMAT (json, yaml, csv or name)"}

// wanted describes the values of flags by their types' names.
var wanted = map[string]string{
	"int":      "a whole number",
	"int64":    "a whole number",
	"float64":  "a number",
	"bool":     "true or false",
	"duration": "a time with its unit, such as 90s, 30m or 2h",
}

// meant is the end of an error about a name that is not among others.
func meant(name string, names []string) string {
	if near := spelling.Nearest(name, names); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}

// DeviceFlag adds --device; named says how its value names devices.
func DeviceFlag(cmd *cobra.Command, device *string, named string) {
	cmd.Flags().StringVar(device, "device", "auto", "auto, cpu, cuda, "+named)
	CompleteWords(cmd, "device", "auto", "cpu", "cuda")
}
