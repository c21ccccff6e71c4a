package storage

// The rows of Optuna's tables, named as in its models.

type studyRow struct {
	StudyID   int64 `gorm:"primaryKey"`
	StudyName string
}

func (studyRow) TableName() string { return "studies" }

type directionRow struct {
	StudyDirectionID int64 `gorm:"primaryKey"`
	Direction        string
	StudyID          int64
	Objective        int
}

func (directionRow) TableName() string { return "study_directions" }

type studySystemAttrRow struct {
	StudySystemAttributeID int64 `gorm:"primaryKey"`
	StudyID                int64
	Key                    string
	ValueJSON              string `gorm:"column:value_json"`
}

func (studySystemAttrRow) TableName() string { return "study_system_attributes" }

type trialRow struct {
	TrialID          int64 `gorm:"primaryKey"`
	Number           int
	StudyID          int64
	State            string
	DatetimeStart    utc
	DatetimeComplete utc
}

func (trialRow) TableName() string { return "trials" }

type paramRow struct {
	ParamID          int64 `gorm:"primaryKey"`
	TrialID          int64
	ParamName        string
	ParamValue       float64
	DistributionJSON string `gorm:"column:distribution_json"`
}

func (paramRow) TableName() string { return "trial_params" }

type valueRow struct {
	TrialValueID int64 `gorm:"primaryKey"`
	TrialID      int64
	Objective    int
	Value        *float64
	ValueType    string
}

func (valueRow) TableName() string { return "trial_values" }

type intermediateRow struct {
	TrialIntermediateValueID int64 `gorm:"primaryKey"`
	TrialID                  int64
	Step                     int
	IntermediateValue        *float64
	IntermediateValueType    string
}

func (intermediateRow) TableName() string { return "trial_intermediate_values" }

type userAttrRow struct {
	TrialUserAttributeID int64 `gorm:"primaryKey"`
	TrialID              int64
	Key                  string
	ValueJSON            string `gorm:"column:value_json"`
}

func (userAttrRow) TableName() string { return "trial_user_attributes" }

type systemAttrRow struct {
	TrialSystemAttributeID int64 `gorm:"primaryKey"`
	TrialID                int64
	Key                    string
	ValueJSON              string `gorm:"column:value_json"`
}

func (systemAttrRow) TableName() string { return "trial_system_attributes" }

// The rows of our own tables.

type ownStudyRow struct {
	StudyID        int64  `gorm:"primaryKey;autoIncrement:false"`
	DefinitionJSON string `gorm:"column:definition_json"`
	Paused         bool
	CreatedAt      utc `gorm:"autoCreateTime:false"`
	NextNumber     int
}

func (ownStudyRow) TableName() string { return "hpsearch_studies" }

type ownTrialRow struct {
	TrialID       int64 `gorm:"primaryKey;autoIncrement:false"`
	Attempt       int
	Released      int
	Worker        string
	LeaseUntil    *int64
	Reason        string
	Message       string
	MetricsJSON   string `gorm:"column:metrics_json"`
	ArtifactsJSON string `gorm:"column:artifacts_json"`
	Token         int64
}

func (ownTrialRow) TableName() string { return "hpsearch_trials" }

type ownReportRow struct {
	TrialID     int64  `gorm:"primaryKey;autoIncrement:false"`
	Step        int    `gorm:"primaryKey;autoIncrement:false"`
	MetricsJSON string `gorm:"column:metrics_json"`
}

func (ownReportRow) TableName() string { return "hpsearch_reports" }

type tallyRow struct {
	StudyID    int64 `gorm:"primaryKey;autoIncrement:false"`
	Upto       int
	OpenJSON   string `gorm:"column:open_json"`
	Complete   int
	Pruned     int
	Fail       int
	BestID     *int64
	BestNumber *int
	BestValue  *float64
}

func (tallyRow) TableName() string { return "hpsearch_tallies" }
