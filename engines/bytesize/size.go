package bytesize

// Size is a number of bytes that is the value of a flag.
type Size int64

// Set reads a size as [Parse] does.
func (b *Size) Set(s string) error {
	n, err := Parse(s)
	*b = Size(n)
	return err
}

// String returns the size as [Format] does.
func (b *Size) String() string { return Format(int64(*b)) }

// Type names the kind of value in a command's help.
func (b *Size) Type() string { return "size" }
