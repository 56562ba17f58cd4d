package result

// Transactions are the figures of a cell whose workload consists of transactions. Each
// transaction commits, is rolled back by its program, or is given up after too many
// conflicts.
type Transactions struct {
	Isolation    string  `json:"isolation"` // level, as kv.Isolation names it
	Distribution string  `json:"distribution"`
	Theta        float64 `json:"theta,omitempty"` // skew, of a distribution that has one

	Commits       int64   `json:"commits"`
	CommitsPerSec float64 `json:"commits_per_sec"`
	Rollbacks     int64   `json:"rollbacks,omitempty"` // which the workload wants
	GivenUp       int64   `json:"given_up,omitempty"`
	// Conflicts are attempts that the engine refused because of another transaction,
	// Retries the attempts that followed. AbortRate is Conflicts over all attempts.
	Conflicts int64   `json:"conflicts"`
	Retries   int64   `json:"retries"`
	AbortRate float64 `json:"abort_rate"`
	// CommitLatency is the time of a commit that succeeded, alone, of transactions that
	// may write. Latency of the cell is that of the whole transaction.
	CommitLatency Latency `json:"commit_latency_ns"`
	// Invariants are what was checked in the store at the end, and holds: a cell in which
	// one does not hold has failed.
	Invariants []string `json:"invariants"`
}

// RetriesPerCommit returns how many attempts were repeated for each commit.
func (t Transactions) RetriesPerCommit() float64 {
	if t.Commits == 0 {
		return 0
	}
	return float64(t.Retries) / float64(t.Commits)
}
