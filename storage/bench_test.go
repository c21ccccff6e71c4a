package storage

import (
	"testing"
	"time"

	"github.com/hpsearch/hpsearch/search"
)

// BenchmarkTrial is the life of a trial: create with six parameters, three
// reports, end.
func BenchmarkTrial(b *testing.B) {
	for name, url := range map[string]string{"memory": MemoryURL, "sqlite": "sqlite:///" + b.TempDir() + "/study.db"} {
		b.Run(name, func(b *testing.B) {
			store, err := Open(b.Context(), url)
			if err != nil {
				b.Fatal(err)
			}
			defer store.Close()
			study, err := store.CreateStudy(b.Context(), search.Definition{Name: time.Now().String()})
			if err != nil {
				b.Fatal(err)
			}
			number := 0
			for b.Loop() {
				if err := oneTrial(b.Context(), store, study.ID, number); err != nil {
					b.Fatal(err)
				}
				number++
			}
		})
	}
}
