// Package race draws a race of engines or of bare MemTables, from a run directory.
//
// Invariants, beside those of package reports:
//
//  1. A chart never mixes durability levels, open and closed loops, rates, or thread
//     counts. The only exception is a chart whose axis is the number of threads.
//  2. Every round is drawn. Nothing is left out unless the page says so.
//  3. Cells that are missing are counted and named, and the others are drawn.
package race
