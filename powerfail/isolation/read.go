package isolation

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"runtime"
	"slices"
	"sync"
)

// Read reads a history, in the text format of lines (see line) or as Jepsen writes it, in
// EDN or JSON (see elle.go), and finds out which it is. Errors say where, what is wrong
// there and what is right.
func Read(r io.Reader) (*History, error) {
	h := &History{}
	err := Scan(r, func(t Txn) error {
		_, err := h.Add(t)
		return err
	})
	if err != nil {
		return nil, err
	}
	if h.Len() == 0 {
		return nil, fmt.Errorf("no transaction in it: want one a line, as %s", example)
	}
	return h, nil
}

// ReadTxns reads the transactions of a history as [Read] does.
func ReadTxns(r io.Reader) (all []Txn, err error) {
	err = Scan(r, func(t Txn) error {
		t.Ops = slices.Clone(t.Ops)
		for i := range t.Ops {
			t.Ops[i].List = slices.Clone(t.Ops[i].List)
		}
		all = append(all, t)
		return nil
	})
	return all, err
}

// Scan calls each with the transactions of a history that [Read] can read, in their order.
// The transaction is each's until it returns.
func Scan(r io.Reader, each func(Txn) error) error {
	b := bufio.NewReaderSize(r, 1<<16)
	begin, _ := b.Peek(4 << 10) // errors come again
	switch begin = bytes.TrimSpace(begin); {
	case len(begin) == 0 || begin[0] == '{' && !jepsen.Match(begin) && !bytes.HasPrefix(bytes.TrimSpace(begin[1:]), []byte(":")):
		return scanLines(b, each)
	case bytes.IndexByte([]byte("[{"), begin[0]) >= 0 && jepsen.Match(begin):
		return scanElle(jsonRows(b), each)
	default:
		return scanElle(ednRows(b), each)
	}
}

// jepsen is what maps of Jepsen have in JSON, and lines of the text format have not.
var jepsen = regexp.MustCompile(`"type"\s*:`)

// maxLine bounds a line of a history in bytes.
const maxLine = 64 << 20

// blockSize is how many bytes of whole lines are parsed at a time.
const blockSize = 1 << 20

// block is some whole lines of a file, on their way through a parser.
type block struct {
	text  []byte
	line  int        // number of the first, from 1
	done  chan error // has the result once it is parsed
	txns  []Txn
	scan  lineScanner
	lines []int // of each of txns
}

// scanLines parses lines of transactions and calls each with them in their order. Blocks
// are parsed beside each other. The transaction is each's until it returns.
func scanLines(r io.Reader, each func(Txn) error) error {
	var (
		todo    = make(chan *block)
		ordered = make(chan *block, 2*runtime.GOMAXPROCS(0))
		stop    = make(chan struct{})
		pool    = sync.Pool{New: func() any { return &block{done: make(chan error, 1)} }}
		workers sync.WaitGroup
		readErr error
	)
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for b := range todo {
				b.done <- b.parse()
			}
		})
	}
	workers.Go(func() {
		defer close(ordered)
		defer close(todo)
		readErr = splitLines(r, &pool, func(b *block) bool {
			select {
			case ordered <- b:
				todo <- b
				return true
			case <-stop:
				return false
			}
		})
	})
	var failed error
	for b := range ordered {
		err := <-b.done
		if failed != nil {
			continue
		}
		for i, t := range b.txns {
			if failed = each(t); failed != nil {
				failed = fmt.Errorf("line %d: %w", b.lines[i], failed)
				break
			}
		}
		if failed == nil {
			failed = err
		}
		if failed != nil {
			close(stop)
		}
		pool.Put(b)
	}
	workers.Wait()
	return errors.Join(failed, readErr)
}

// splitLines cuts what r has into blocks of whole lines, until give returns false.
func splitLines(r io.Reader, pool *sync.Pool, give func(*block) bool) error {
	var rest []byte // of the block before: the beginning of a line
	line := 1
	for size := blockSize; ; {
		b := pool.Get().(*block)
		b.line = line
		b.text = append(b.text[:0], rest...)
		n, err := io.ReadFull(r, b.room(size))
		b.text = b.text[:len(rest)+n]
		ended := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !ended {
			return fmt.Errorf("line %d: %w", line, err)
		}
		end := bytes.LastIndexByte(b.text, '\n') + 1
		if ended {
			end = len(b.text)
		}
		if rest = append([]byte(nil), b.text[end:]...); len(rest) > maxLine {
			return fmt.Errorf("line %d: it is longer than %d bytes", line+bytes.Count(b.text[:end], []byte{'\n'}), maxLine)
		}
		size = max(blockSize, len(rest)) // a long line is copied a few times only
		b.text = b.text[:end]
		line += bytes.Count(b.text, []byte{'\n'})
		if end > 0 && !give(b) || ended {
			return nil
		}
	}
}

// room returns space for n bytes behind the text.
func (b *block) room(n int) []byte {
	if cap(b.text)-len(b.text) < n {
		b.text = append(make([]byte, 0, len(b.text)+n), b.text...)
	}
	return b.text[len(b.text) : len(b.text)+n]
}

// parse parses the lines. After an error it has those before.
func (b *block) parse() error {
	b.txns, b.lines = b.txns[:0], b.lines[:0]
	b.scan.reset()
	for n, text := b.line, b.text; len(text) > 0; n++ {
		var l []byte
		l, text, _ = bytes.Cut(text, []byte{'\n'})
		t, ok := b.scan.line(l)
		if !ok {
			if l = bytes.TrimSpace(l); len(l) == 0 {
				continue
			}
			var err error
			if t, err = parseLine(l); err != nil {
				return fmt.Errorf("line %d: %w", n, err)
			}
		}
		b.txns, b.lines = append(b.txns, t), append(b.lines, n)
	}
	return nil
}
