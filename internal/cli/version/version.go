// Package version is the verb "version".
package version

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/render"
)

// released is set by the linker in a release: -X …/version.released=v1.2.3.
var released string

// Info is the JSON of the verb.
type Info struct {
	Version  string `json:"version"`
	Revision string `json:"revision"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// Read returns what the program knows about its own build.
func Read() Info {
	info := Info{Version: "devel", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	build, ok := debug.ReadBuildInfo()
	if ok {
		if v := build.Main.Version; v != "" && v != "(devel)" {
			info.Version = v
		}
		for _, s := range build.Settings {
			if s.Key == "vcs.revision" {
				info.Revision = s.Value
			}
		}
	}
	if released != "" {
		info.Version = released
	}
	return info
}

// NewCmd returns the verb.
func NewCmd(f *app.Factory) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  app.Args(),
		RunE: func(*cobra.Command, []string) error {
			v := Read()
			return f.Write(render.Document{
				Data: v, Names: []string{v.Version}, Facts: true,
				Columns: []render.Column{{Title: "field"}, {Title: "value"}},
				Rows: [][]render.Cell{
					{render.Text("version"), render.Text(v.Version)},
					{render.Text("revision"), render.Text(v.Revision)},
					{render.Text("go"), render.Text(v.Go)},
					{render.Text("platform"), render.Text(v.Platform)},
				},
			})
		},
	}
}
