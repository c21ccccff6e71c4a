package render

import "slices"

// The width to which text is cut gladly, and the one to which text and the
// headings of numbers are cut where that is not enough.
const (
	readable = 12
	least    = 6
)

// fit makes a table as narrow as the terminal, as far as that can be done: it
// leaves out columns with nothing in them, cuts the widest text column, then
// leaves out spare columns, one after the other, and at last cuts headings, and
// the text even more.
// Numbers are never cut. rows begin with the header.
func (o Output) fit(columns []Column, rows [][]Cell, widths []int) ([]Column, [][]Cell, []int) {
	drop := func(i int) {
		columns, widths = without(columns, i), without(widths, i)
		rows = slices.Clone(rows)
		for r := range rows {
			rows[r] = without(rows[r], i)
		}
	}
	for i := len(columns) - 1; i >= 0 && total(widths) > o.Width; i-- {
		if !slices.ContainsFunc(rows[1:], func(row []Cell) bool { return row[i].Human != "" }) {
			drop(i)
		}
	}
	for {
		narrowed := o.narrow(columns, widths, readable)
		if total(narrowed) <= o.Width {
			return columns, rows, narrowed
		}
		i := spare(columns)
		if i < 0 {
			return columns, rows, o.narrow(columns, o.cutHeadings(columns, rows, narrowed), least)
		}
		drop(i)
	}
}

func without[T any](s []T, i int) []T { return slices.Delete(slices.Clone(s), i, i+1) }

// total returns the width of a table.
func total(widths []int) int {
	sum := len(gap) * (len(widths) - 1)
	for _, w := range widths {
		sum += w
	}
	return sum
}

// narrow returns the widths with that of the widest text column as small as it
// has to be, but no smaller than floor.
func (o Output) narrow(columns []Column, widths []int, floor int) []int {
	widths = slices.Clone(widths)
	widest := -1
	for i, w := range widths {
		if !columns[i].Right && (widest < 0 || w > widths[widest]) {
			widest = i
		}
	}
	if excess := total(widths) - o.Width; excess > 0 && widest >= 0 {
		widths[widest] = max(min(floor, widths[widest]), widths[widest]-excess)
	}
	return widths
}

// spare returns the column that is missed the least; -1 when all are needed.
func spare(columns []Column) int {
	first := -1
	for i, c := range columns {
		if c.Spare > 0 && (first < 0 || c.Spare < columns[first].Spare) {
			first = i
		}
	}
	return first
}

// cutHeadings returns the widths with those of number columns as small as their
// numbers allow, from the widest heading on, until the table fits.
func (o Output) cutHeadings(columns []Column, rows [][]Cell, widths []int) []int {
	widths = slices.Clone(widths)
	needed := columnWidths(columns, rows[1:])
	for total(widths) > o.Width {
		widest := -1
		for i, w := range widths {
			if columns[i].Right && w > max(needed[i], least) && (widest < 0 || w > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			break
		}
		widths[widest]--
	}
	return widths
}
