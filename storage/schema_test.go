package storage

import (
	"os"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/storage/dbtest"
)

// schemaQueries list what Optuna's part of a database consists of, a line of
// text for each column, constraint, index and enumeration.
var schemaQueries = map[string][]string{
	postgresName: {
		`SELECT 'column ' || table_name || '.' || column_name || ' ' || ordinal_position || ' ' || data_type || ' ' || udt_name || ' ' ||
			COALESCE(character_maximum_length::text, '') || ' ' || is_nullable || ' ' || COALESCE(column_default, '')
			FROM information_schema.columns WHERE table_schema = current_schema() AND table_name NOT LIKE 'hpsearch%' ORDER BY 1`,
		`SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
			WHERE connamespace = current_schema()::regnamespace AND conrelid::regclass::text NOT LIKE 'hpsearch%' ORDER BY 1`,
		`SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = current_schema()
			AND tablename NOT LIKE 'hpsearch%' AND indexname NOT LIKE 'hpsearch%' ORDER BY 1`,
		`SELECT 'enum ' || t.typname || ' ' || string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder)
			FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid GROUP BY t.typname ORDER BY 1`,
	},
	mysqlName: {
		`SELECT CONCAT_WS(' ', 'column', CONCAT(table_name, '.', column_name), ordinal_position, column_type, is_nullable, COALESCE(column_default, ''), extra)
			FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name NOT LIKE 'hpsearch%' ORDER BY 1`,
		`SELECT CONCAT_WS(' ', 'index', table_name, index_name, non_unique, seq_in_index, column_name) FROM information_schema.statistics
			WHERE table_schema = DATABASE() AND table_name NOT LIKE 'hpsearch%' AND index_name NOT LIKE 'hpsearch%' ORDER BY 1`,
		`SELECT CONCAT_WS(' ', 'key', table_name, constraint_name, column_name, referenced_table_name, referenced_column_name)
			FROM information_schema.key_column_usage
			WHERE table_schema = DATABASE() AND table_name NOT LIKE 'hpsearch%' AND constraint_name NOT LIKE 'hpsearch%' ORDER BY 1`,
		`SELECT CONCAT_WS(' ', 'check', table_name, check_clause) FROM information_schema.check_constraints
			WHERE constraint_schema = DATABASE() AND table_name NOT LIKE 'hpsearch%' ORDER BY 1`,
	},
}

// updateEnv names databases that Optuna made, separated by spaces, whose
// schemas are to be kept as fixtures: testdata/schema.py makes them.
const updateEnv = "HPSEARCH_TEST_OPTUNA_URLS"

// TestServerSchemaIsOptunas compares the tables that we make on a server with those
// that Optuna 5.0.0 made there, type for type and constraint for constraint.
// On SQLite, TestSchemaIsOptunas does.
func TestServerSchemaIsOptunas(t *testing.T) {
	t.Parallel()
	for _, url := range strings.Fields(os.Getenv(updateEnv)) {
		s, err := connect(url)
		if err != nil {
			t.Fatal(err)
		}
		write(t, schemaFile(s), schemaText(t, s))
		s.Close()
	}
	for _, kind := range dbtest.Kinds {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := openURL(t, dbtest.Database(t, kind))
			defer s.Close()
			want, err := os.ReadFile(schemaFile(s))
			if err != nil {
				t.Fatal(err)
			}
			same(t, "schema", strings.Split(schemaText(t, s), "\n"), strings.Split(string(want), "\n"))
		})
	}
}

func schemaFile(s *sqlStore) string { return "testdata/optuna-5.0.0-" + s.dialect.name + ".txt" }

func schemaText(t *testing.T, s *sqlStore) string {
	t.Helper()
	var all []string
	for _, query := range schemaQueries[s.dialect.name] {
		var lines []string
		if err := s.read.Raw(query).Scan(&lines).Error; err != nil {
			t.Fatal(err)
		}
		if len(lines) == 0 {
			t.Fatalf("%s: nothing", query)
		}
		all = append(all, lines...)
	}
	return strings.Join(all, "\n") + "\n"
}
