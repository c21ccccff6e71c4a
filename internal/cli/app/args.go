package app

import (
	"strings"

	"github.com/spf13/cobra"
)

// Args returns a check for exactly the named arguments.
func Args(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return Usagef(cmd, "%s needs %s", cmd.CommandPath(), strings.Join(names[len(args):], " and "))
		case len(args) > len(names):
			return Usagef(cmd, "%s does not take %q", cmd.CommandPath(), args[len(names)])
		}
		return nil
	}
}

// ArgsFrom returns a check for the named arguments followed by any others.
func ArgsFrom(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return Usagef(cmd, "%s needs %s", cmd.CommandPath(), strings.Join(names[len(args):], " and "))
		}
		return nil
	}
}

// Group makes cmd a command that only has verbs below it: alone it shows its
// help, and a mistyped verb is wrong usage, with the nearest one named.
func Group(cmd *cobra.Command) *cobra.Command {
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		hint := ""
		near := below(cmd, args[0])
		if len(near) == 0 {
			near = cmd.SuggestionsFor(args[0])
		}
		if len(near) > 0 {
			hint = "; did you mean " + strings.Join(near, " or ") + "?"
		}
		return Usagef(cmd, "%s has no verb %q%s", cmd.CommandPath(), args[0], hint)
	}
	// Without it cobra's suggestions need distance 0.
	cmd.SuggestionsMinimumDistance = 2
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	return cmd
}

// below returns the verbs of this name in the groups below cmd, as they are
// typed after it: study list, trial list.
func below(cmd *cobra.Command, name string) []string {
	var found []string
	for _, group := range cmd.Commands() {
		for _, verb := range group.Commands() {
			if verb.Name() == name || verb.HasAlias(name) {
				found = append(found, group.Name()+" "+verb.Name())
			}
		}
	}
	return found
}
