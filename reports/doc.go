// Package reports draws what a run measured: charts and one page that a person
// can defend and pass on.
//
// Invariants:
//
//  1. All comes from the files of the run directory (package result) and from
//     nothing else: the same files give the same bytes, on every machine and at
//     every time.
//  2. A chart never mixes rungs of durability, open and closed loops, rates, or
//     thread counts (but for the charts whose axis the threads are).
//  3. Every round is drawn. Nothing is left out without a word on the page.
//  4. Every chart names its machine, its version and its command; a run that
//     can't say them (no env.json) is refused.
//  5. index.html needs nothing beside it: charts, styles and script are inside,
//     and its content security policy forbids every request.
//  6. Damage is an error that names the file; cells that are missing are counted
//     and named, and the rest is drawn.
//
// Statistics have one place, harness/stat; charts and looks of engines in
// reports/chart, the page in reports/page.
package reports
