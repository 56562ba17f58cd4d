package main

import "lsmlab/harness"

func newCatalog() harness.Catalog { return harness.Catalog{} }
