package result

// LoopSustained is the open loop at the highest rate that a search found to last.
const LoopSustained = "sustained"

// Sustained is the search for the highest rate that lasts: see `lsmlab bench --sustain`. The
// other figures of its cell are those of the trial at that rate.
type Sustained struct {
	ObjectiveP999NS int64   `json:"objective_p999_ns"` // the most that p99.9 from the intended start may be
	PeakOpsPerSec   float64 `json:"peak_ops_per_sec"`  // of the closed loop, in the first phase
	Rate            float64 `json:"rate"`              // operations/s over all threads; 0 if no rate held
	Trials          []Trial `json:"trials"`            // in their order
}

// Trial is one rate that was tried, on a store of its own.
type Trial struct {
	Rate       float64 `json:"rate"`        // intended, operations/s over all threads
	OpsPerSec  float64 `json:"ops_per_sec"` // done
	P999NS     int64   `json:"p999_ns"`     // from the intended start
	DebtGrows  bool    `json:"debt_grows,omitempty"`
	Holds      bool    `json:"holds"`
	Why        string  `json:"why,omitempty"` // it does not hold
	SeriesFile string  `json:"series_file"`   // relative to the run directory, slashes
}
