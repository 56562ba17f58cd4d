package campaign

// Causes are the known causes of findings of a subject. A violation of a known cause is
// counted and makes no other finding. The zero value has no cause.
type Causes struct {
	Known map[string]bool `json:"known,omitempty"` // by the name that the tier gives a cause
	Found int             `json:"found"`           // findings that count towards --findings
}

// Keep adds a cause, and says whether it was new.
func (c *Causes) Keep(cause string) (isNew bool) {
	if c.Known[cause] {
		return false
	}
	if c.Known == nil {
		c.Known = map[string]bool{}
	}
	c.Known[cause] = true
	return true
}
