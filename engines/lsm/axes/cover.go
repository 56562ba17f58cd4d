package axes

// Row is one engine of a covering set: a choice, and the index of a base beside it.
type Row struct {
	Base int
	Choice
}

// Cover returns few rows in which every two values of different axes that may stand
// together do so at least once, and every value stands with every base. Most faults of
// options need one or two of them (Kuhn, Wallace, Gallo, IEEE TSE 2004). Cover uses
// defaults, and those values for which wanted is true. The same table gives the same
// rows.
//
// The method is the greedy one of AETG (Cohen et al., IEEE TSE 1997), without chance. A
// row begins with the first pair that is still open. It takes for each other axis the
// value that brings most open pairs.
func Cover(bases int, wanted func(Value) bool) []Row {
	c := newCover(bases, wanted)
	var rows []Row
	for first, ok := c.missing(); ok; first, ok = c.missing() {
		rows = append(rows, c.row(first))
	}
	return rows
}

// slot is one value of a row: its column (0 for the base, then one for each axis), and
// its index among the values of the column.
type slot struct{ column, value int }

// cover is a covering set in progress.
type cover struct {
	columns [][]Value // the possible values, by column
	open    map[[2]slot]bool
}

func newCover(bases int, wanted func(Value) bool) *cover {
	c := &cover{columns: [][]Value{make([]Value, bases)}, open: map[[2]slot]bool{}}
	for i := range table {
		var values []Value
		for j, v := range table[i].Values {
			if j == 0 || wanted(v) {
				values = append(values, v)
			}
		}
		c.columns = append(c.columns, values)
	}
	c.pairs(func(a, b slot) { c.open[[2]slot{a, b}] = true })
	return c
}

// pairs calls f with every two values of different columns that may stand together.
func (c *cover) pairs(f func(a, b slot)) {
	for x := range c.columns {
		for y := x + 1; y < len(c.columns); y++ {
			for i := range c.columns[x] {
				for j := range c.columns[y] {
					if a, b := (slot{x, i}), (slot{y, j}); c.together(a, b) {
						f(a, b)
					}
				}
			}
		}
	}
}

// together says whether two values may stand in one name, which a conflict may forbid.
func (c *cover) together(a, b slot) bool {
	x, y := c.columns[a.column][a.value].Name, c.columns[b.column][b.value].Name
	for _, conflict := range conflicts {
		if x == conflict.a && y == conflict.b || x == conflict.b && y == conflict.a {
			return false
		}
	}
	return true
}

// missing returns the first pair that is in no row yet.
func (c *cover) missing() (first [2]slot, ok bool) {
	c.pairs(func(a, b slot) {
		if !ok && c.open[[2]slot{a, b}] {
			first, ok = [2]slot{a, b}, true
		}
	})
	return first, ok
}

// row makes a row that has the pair, and marks the pairs of that row as no longer open.
func (c *cover) row(pair [2]slot) Row {
	row := pair[:]
	for column := range c.columns {
		if column != pair[0].column && column != pair[1].column {
			row = append(row, c.best(column, row))
		}
	}
	var r Row
	for _, s := range row {
		for _, other := range row {
			delete(c.open, [2]slot{s, other})
		}
	}
	for column := range c.columns {
		for _, s := range row {
			switch {
			case s.column != column:
			case column == 0:
				r.Base = s.value
			case s.value != 0:
				r.picks = append(r.picks, pick{column - 1, c.columns[column][s.value]})
			}
		}
	}
	return r
}

// best returns the value of a column that may stand with those of a row and brings most
// open pairs. Among equals it is the one that occurs in most open pairs, then the
// first.
func (c *cover) best(column int, row []slot) (best slot) {
	most, left := -1, 0
	for value := range c.columns[column] {
		s, brings, fits := slot{column, value}, 0, true
		for _, other := range row {
			fits = fits && c.together(s, other)
			if c.open[[2]slot{s, other}] || c.open[[2]slot{other, s}] {
				brings++
			}
		}
		if n := c.left(s); fits && (brings > most || brings == most && n > left) {
			best, most, left = s, brings, n
		}
	}
	return best
}

// left returns in how many open pairs a slot occurs.
func (c *cover) left(s slot) (n int) {
	for pair := range c.open {
		if pair[0] == s || pair[1] == s {
			n++
		}
	}
	return n
}
