package view

// StudyName is in JSON a study that was created.
type StudyName struct {
	Name string `json:"name"`
}

// TrialNumber is in JSON a trial that was enqueued.
type TrialNumber struct {
	Number int `json:"number"`
}
