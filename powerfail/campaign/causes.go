package campaign

// Causes are those of the findings of a subject: what shows a cause again is counted, and
// is no other finding. The zero value has none.
type Causes struct {
	Known map[string]bool `json:"known,omitempty"` // by the name that the tier gives a cause
	Found int             `json:"found"`           // findings that count towards --findings
}

// Keep takes a cause in, and says whether it is new.
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
