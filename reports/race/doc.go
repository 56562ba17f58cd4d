// Package race draws a race of engines or of bare MemTables, from a run directory.
//
// Invariants, beside those of package reports:
//
//  1. A chart never mixes durability levels, open and closed loops, rates, or thread
//     counts, but for the charts whose axis the threads are.
//  2. Every round is drawn. Nothing is left out without a word on the page.
//  3. Cells that are missing are counted and named, and the rest is drawn.
package race
