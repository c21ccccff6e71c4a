package define

import (
	"bytes"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/storage"
)

// TestOpen_slash opens a study whose name looks like a path, which Optuna
// allows.
func TestOpen_slash(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s.db")
	url := "sqlite:///" + path
	store, err := storage.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	study, err := store.CreateStudy(t.Context(), parse(t, file).Definition)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const name = "../exp/1.yaml"
	if _, err := db.ExecContext(t.Context(), "UPDATE studies SET study_name = ?", name); err != nil {
		t.Fatal(err)
	}
	f := &app.Factory{Streams: &app.Streams{Err: &bytes.Buffer{}}, StorageURL: url}
	defer f.Close()
	if _, got, err := Open(t.Context(), f, name); err != nil || got.ID != study.ID {
		t.Errorf("study %v, %v, want %d", got, err, study.ID)
	}
	if _, _, err := Open(t.Context(), f, "../exp/2.yaml"); err == nil || !strings.Contains(err.Error(), "there is no file ../exp/2.yaml") {
		t.Errorf("neither file nor study: %v", err)
	}
}
