package sim

import "lsmlab/powerfail/model"

// shot is one crash of a life.
type shot = model.State
