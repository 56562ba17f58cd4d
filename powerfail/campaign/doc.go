// Package campaign is what runs of all tiers of crash testing do alike, above a single
// exploration: which recordings belong to one subject, which findings are of one
// cause, when there are enough.
package campaign
