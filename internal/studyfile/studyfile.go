package studyfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/hpsearch/hpsearch/search"
)

// Version is the version of the study-file format that this package reads.
const Version = 1

// maxSize bounds what is read: a study file is written by hand.
const maxSize = 4 << 20

// A File is a study file that was read.
type File struct {
	search.Definition
	// SeedGiven tells a sampler seed of 0 from none; the one who creates the
	// study draws a missing seed.
	SeedGiven bool
	// SamplerGiven tells whether the file names the kind of sampler; else it is
	// the default of this version.
	SamplerGiven bool
}

// Load reads the study file at path. Relative model and task paths in it are
// meant from the file's own folder, or, when there is nothing there, from the
// current one; they are made absolute.
//
// The error is [Findings] when the file could be read but is not in order.
func Load(path string) (*File, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no file %s", path)
	}
	if err != nil {
		return nil, fmt.Errorf("study file: %w", err)
	}
	defer f.Close() // read only: nothing to lose
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, fmt.Errorf("study file %s is a folder", path)
	}
	return Read(f, path, filepath.Dir(path))
}

// Read is Load for a study file that is not a file on disk. name stands in
// messages; dir is where relative paths are looked for first, "" for the
// current folder.
func Read(from io.Reader, name, dir string) (*File, error) {
	data, err := io.ReadAll(io.LimitReader(from, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("study file %s: %w", name, err)
	}
	if len(data) > maxSize {
		return nil, fmt.Errorf("study file %s: larger than %d MiB, which no study file is", name, maxSize>>20)
	}
	return Parse(data, name, dir)
}

// Parse is Read for the bytes of a study file.
func Parse(data []byte, name, dir string) (*File, error) {
	r := &reader{file: name, broken: map[string]bool{}, params: map[string]*yaml.Node{}}
	root := r.document(data)
	if root == nil {
		return nil, r.findings
	}
	file := r.study(root, dir)
	if len(r.findings) > 0 {
		return nil, r.findings.sorted()
	}
	return file, nil
}

// document parses the YAML and returns the top node; nil with a finding when
// there is no single one.
func (r *reader) document(data []byte) *yaml.Node {
	if line := notUTF8(data); line > 0 {
		r.findings = append(r.findings, Finding{
			File: r.file, Line: line, Message: "the text is not UTF-8", Hint: "save the file as UTF-8",
		})
		return nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var doc, second yaml.Node
	switch err := decoder.Decode(&doc); {
	case errors.Is(err, io.EOF):
		r.find(nil, "start from `version: 1`", "the file is empty")
		return nil
	case err != nil:
		r.syntax(err)
		return nil
	}
	switch err := decoder.Decode(&second); {
	case err == nil:
		r.find(&second, "one file holds one study", "a second document starts here")
		return nil
	case !errors.Is(err, io.EOF):
		r.syntax(err)
		return nil
	}
	if len(doc.Content) == 0 || doc.Content[0].ShortTag() == "!!null" {
		r.find(nil, "start from `version: 1`", "the file is empty")
		return nil
	}
	if alias := findAlias(&doc); alias != nil {
		r.find(alias, "write the value out", "anchors and aliases (& and *) are not supported")
		return nil
	}
	return doc.Content[0]
}

// notUTF8 returns the first line with bytes that are not UTF-8, 0 when there is
// none. UTF-16 that begins with its mark is read as well, and let through.
func notUTF8(data []byte) int {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return 0
	}
	line := 1
	for len(data) > 0 {
		char, size := utf8.DecodeRune(data)
		switch {
		case char == utf8.RuneError && size == 1:
			return line
		case char == '\n':
			line++
		}
		data = data[size:]
	}
	return 0
}

// yamlLine finds the line in the messages of the YAML package.
var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?`)

// syntax records what the YAML package refused.
func (r *reader) syntax(err error) {
	message := err.Error()
	match := yamlLine.FindStringSubmatch(message)
	line, _ := strconv.Atoi(match[1]) // 0 when the message names none
	r.findings = append(r.findings, Finding{
		File: r.file, Line: line, Message: "not YAML: " + clipTo(message[len(match[0]):], 200),
		Hint: "indent with spaces, and put text with : or # in quotes",
	})
}

// findAlias returns the first alias below n. Aliases are refused because a
// few lines of them can stand for gigabytes.
func findAlias(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n
	}
	for _, c := range n.Content {
		if alias := findAlias(c); alias != nil {
			return alias
		}
	}
	return nil
}

// study reads the top mapping.
func (r *reader) study(root *yaml.Node, dir string) *File {
	m, ok := r.known(root, "the study file",
		"version", "name", "objective", "train", "space", "sampler", "pruner", "budget", "enqueue")
	if !ok {
		return nil
	}
	file := &File{}
	d := &file.Definition
	d.Version = r.version(m)
	d.Name = r.name(m)
	d.Objective = r.objective(m)
	d.Train = r.train(m)
	d.Space = r.space(m, d.Train)
	d.Sampler, file.SamplerGiven, file.SeedGiven = r.sampler(m)
	d.Pruner = r.pruner(m)
	d.Budget = r.budget(m)
	r.fits(m, d)
	r.placeholders(m, d)
	d.Enqueue = r.enqueue(m, d.Space, d.Train)
	if d.Objective.Kind == MetaTraining && m.get("objective") != nil {
		r.settings(m, d)
		resolvePaths(d.Train, dir)
	}
	return file
}

func (r *reader) version(m mapping) int {
	if m.get("version") == nil {
		r.find(nil, fmt.Sprintf("add `version: %d` as the first line", Version), "no version")
		return 0
	}
	v := r.integer(m, "version", Version, 1)
	if v != Version {
		r.find(m.get("version"), fmt.Sprintf("this hpsearch reads version %d; a newer one may read this file", Version),
			"study file version %d is not known", v)
	}
	return Version
}

// namePattern keeps names usable as folder names and in a shell.
var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]*$`)

// maxName leaves room for suffixes within the 255 bytes of a file name.
const maxName = 128

// CheckName reports why a study cannot have this name.
func CheckName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("the study has no name")
	case len(name) > maxName:
		return fmt.Errorf("study name %q is longer than %d characters", clip(name), maxName)
	case !namePattern.MatchString(name):
		return fmt.Errorf("study name %q: use a-z, 0-9, '.', '_' and '-', and start with a letter or digit", clip(name))
	}
	return nil
}

func (r *reader) name(m mapping) string {
	n := m.get("name")
	if n == nil {
		r.find(m.node, "add name: and a name for the study", "no name")
		return ""
	}
	before := len(r.findings)
	name := r.text(m, "name", "")
	if len(r.findings) > before {
		return ""
	}
	if err := CheckName(name); err != nil {
		r.find(n, "", "%s", err)
	}
	return name
}
