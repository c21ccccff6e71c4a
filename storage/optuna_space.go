package storage

import (
	"fmt"

	"gorm.io/gorm"

	"github.com/hpsearch/hpsearch/search"
)

// learnSpace gives a study that Optuna made the space that its trials show:
// the parameters that every complete or pruned trial has, with the same
// distribution in each, in the order in which they were first suggested. It
// is what Optuna's own samplers call the intersection search space. What a
// study of ours searches is in its definition.
func learnSpace(tx *gorm.DB, study *search.Study) error {
	if !study.Foreign {
		return nil
	}
	const finished = " FROM trials t WHERE t.study_id = ? AND t.state IN ('COMPLETE', 'PRUNED')"
	var total int
	if err := tx.Raw("SELECT COUNT(*)"+finished, study.ID).Scan(&total).Error; err != nil {
		return err
	}
	var rows []struct {
		Name  string
		Text  string
		N     int
		First int64
	}
	err := tx.Raw(`SELECT p.param_name AS name, p.distribution_json AS text, COUNT(*) AS n, MIN(p.param_id) AS first
		FROM trial_params p WHERE p.trial_id IN (SELECT t.trial_id`+finished+`)
		GROUP BY p.param_name, p.distribution_json ORDER BY 4`, study.ID).Scan(&rows).Error
	if err != nil {
		return err
	}
	type param struct{ name, distribution string }
	seen := make(map[param]int, len(rows))
	var order []search.Param
	for _, row := range rows {
		d, err := search.UnmarshalDistribution([]byte(row.Text))
		if err != nil {
			return fmt.Errorf("parameter %q: %w", row.Name, err)
		}
		// Optuna and we write the same distribution with other white space.
		key := param{row.Name, fmt.Sprintf("%#v", d)}
		if seen[key] == 0 {
			order = append(order, search.Param{Name: row.Name, Distribution: d})
		}
		seen[key] += row.N
	}
	for _, p := range order {
		if seen[param{p.Name, fmt.Sprintf("%#v", p.Distribution)}] == total {
			study.Definition.Space = append(study.Definition.Space, p)
		}
	}
	return nil
}
