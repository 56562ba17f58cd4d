package probe

// hermitage holds the cases of Hermitage (github.com/ept/hermitage) and two that a
// key-value store needs beside them, as scripts. Session 9 sets up.
var hermitage = []string{`
# G0: write cycle
9 plain x 10
9 plain y 20
1 begin
2 begin
1 w x 11
2 w x 12
1 w y 21
1 commit
2 w y 22
2 commit
3 begin
3 r x
3 r y
3 commit`, `
# G1a: aborted read
9 plain x 10
1 begin
2 begin
1 w x 101
2 r x
1 discard
2 r x
2 commit`, `
# G1b: intermediate read
9 plain x 10
1 begin
2 begin
1 w x 101
2 r x
1 w x 11
1 commit
2 r x
2 commit`, `
# G1c: circular information flow
9 plain x 10
9 plain y 20
1 begin
2 begin
1 w x 11
2 w y 22
1 r y
2 r x
1 commit
2 commit`, `
# OTV: observed transaction vanishes
1 begin
2 begin
3 begin
1 u x 11
1 u y 19
2 u x 12
1 commit
3 r x
2 u y 18
3 r y
2 commit
3 r y
3 r x
3 commit
4 begin
4 r x
4 r y
4 commit`, `
# PMP: predicate many preceders
9 plain p/a 10
1 begin
2 begin
1 range p/
2 w p/c 30
2 commit
1 range p/
1 commit`, `
# PMP for write predicates
9 plain p/a 10
9 plain p/b 20
1 begin
2 begin
1 range p/
1 w p/a 15
2 range p/
2 w p/b 25
1 commit
2 commit`, `
# P4: lost update
1 begin
2 begin
1 u x 1
2 u x 2
1 commit
2 commit`, `
# P4 of a register
9 plain x 10
1 begin
2 begin
1 r x
2 r x
1 w x 11
2 w x 12
1 commit
2 commit`, `
# P4 beside a plain write
9 plain x 10
1 begin
1 r x
2 plain x 11
1 w x 12
1 commit
3 begin
3 r x
3 commit`, `
# G-single: read skew
1 begin
1 u x 1
1 u y 1
1 commit
1 begin
2 begin
1 r x
2 r x
2 r y
2 u x 2
2 u y 2
2 commit
1 r y
1 commit`, `
# G-single with predicates
9 plain p/a 10
9 plain q/a 10
1 begin
2 begin
1 range p/
2 range p/
2 range q/
2 w p/a 12
2 w q/b 13
2 commit
1 range q/
1 commit`, `
# G-single with a write
1 begin
1 u x 1
1 u y 1
1 commit
1 begin
2 begin
1 r x
2 u x 2
2 u y 2
2 commit
1 u y 3
1 commit`, `
# G2-item: write skew
1 begin
2 begin
1 r x
1 r y
2 r x
2 r y
1 u x 1
2 u y 2
1 commit
2 commit`, `
# G2: write skew by phantoms
9 plain p/a 10
1 begin
2 begin
1 range p/
2 range p/
1 w p/b 30
2 w p/c 42
1 commit
2 commit`, `
# G2: write skew by phantoms in an empty range
1 begin
2 begin
1 range p/
2 range p/
1 w p/b 30
2 w p/c 42
1 commit
2 commit`, `
# G2: two edges (Fekete)
1 begin
1 r x
1 r y
2 begin
2 u y 1
2 commit
3 begin-ro
3 r x
3 r y
3 commit
1 u x 2
1 commit`, `
# an empty read that another transaction fills
1 begin
2 begin
1 r x
2 w x 1
2 commit
1 r x
1 w y 1
1 commit`, `
# a transaction that began after a commit sees it
1 begin
1 u x 1
1 commit
2 begin
2 r x
2 commit
1 begin
1 u x 2
1 commit
2 begin-ro
2 r x
2 commit`,
}

// hermitageScripts returns the fixed scripts.
func hermitageScripts() []*Script {
	all := make([]*Script, len(hermitage))
	for i, text := range hermitage {
		s, err := ParseScript(text)
		if err != nil {
			panic(err) // TestHermitage reads them all
		}
		all[i] = s
	}
	return all
}
