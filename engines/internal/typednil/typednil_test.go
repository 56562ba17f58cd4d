// Package typednil holds a test alone: that no function of this module returns a nil
// pointer as an interface that is not nil.
package typednil

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lsmlab/engines/testneed"
)

// TestNoTypedNils type-checks every package of the module and looks for each place
// where a pointer that may be nil becomes an interface, which then is not nil: the
// caller, who compares with nil, follows it. osFile.Map did so when the kernel refused
// a mapping, and that ended the process. Such places are:
//
//   - return f(), where f returns a pointer and an error, and the function an interface
//     and an error; and an assignment of that kind;
//   - return p, err with a pointer p and an err that may not be nil;
//   - return p from a function whose only result is an error, with a pointer p that is
//     not the address of a literal.
//
// Where a condition around the return speaks of the pointer, it was looked at. A function
// called New or new something is taken for one that returns no nil.
func TestNoTypedNils(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		testneed.Missing(t, "no go command in PATH, which lists the packages")
	}
	c := newChecker(t)
	for _, p := range c.own {
		c.check(p.ImportPath, p.files(t, c.fset))
	}
	if len(c.own) < 30 {
		t.Errorf("%d packages found, there are more", len(c.own))
	}
	for _, f := range c.findings {
		t.Error(f)
	}
}

// TestFinds shows that each kind is found, and what is like it is not.
func TestFinds(t *testing.T) {
	const source = `package p
type I interface{ M() }
type T struct{}
func (*T) M() {}
func (*T) Error() string { return "" }
func pair() (*T, error) { return nil, nil }
func one() *T { return nil }
func tuple() (I, error) { return pair() } // found
func both() (I, error) { t, err := pair(); return t, err } // found
func failed() error { var t *T; return t } // found
func called() error { return one() } // found
func assigned() (i I, err error) { i, err = pair(); return i, err } // found
func sound() (I, error) { t, err := pair(); if err != nil { return nil, err }; return t, nil }
func guarded() error { if t := one(); t != nil { return t }; return nil }
func literal() error { return &T{} }
func made() I { return one() }
`
	c := &checker{fset: token.NewFileSet(), importer: importer.Default()}
	f, err := parser.ParseFile(c.fset, "p.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	c.check("p", []*ast.File{f})
	var lines []int
	for _, f := range c.findings {
		lines = append(lines, f.at.Line)
	}
	if got := fmt.Sprint(lines); got != "[8 9 10 11 12]" {
		t.Errorf("found in lines %v", got)
	}
}

type finding struct {
	at  token.Position
	why string
}

func (f finding) String() string { return f.at.String() + ": " + f.why }

// listed is what `go list` says of a package.
type listed struct {
	ImportPath, Dir, Export string
	GoFiles, CgoFiles       []string
	DepOnly                 bool
}

func (p *listed) files(t *testing.T, fset *token.FileSet) (files []*ast.File) {
	for _, name := range p.GoFiles {
		f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

type checker struct {
	fset     *token.FileSet
	importer types.Importer
	own      []*listed
	info     *types.Info
	around   []ast.Node // the statement at hand
	findings []finding
}

// newChecker lists the packages of the module, with the compiled form of all that they
// import.
func newChecker(t *testing.T) *checker {
	cmd := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles,CgoFiles,DepOnly",
		"lsmlab/engines/...", "lsmlab/harness/...", "lsmlab/powerfail/...", "lsmlab/workloads/...", "lsmlab/reports/...")
	var out, text bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &text
	if err := cmd.Run(); err != nil {
		t.Fatalf("go list: %v: %s", err, &text)
	}
	c := &checker{fset: token.NewFileSet()}
	exports := map[string]string{}
	for d := json.NewDecoder(&out); ; {
		p := new(listed)
		if err := d.Decode(p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		exports[p.ImportPath] = p.Export
		if !p.DepOnly && len(p.CgoFiles) == 0 {
			c.own = append(c.own, p)
		}
	}
	c.importer = importer.ForCompiler(c.fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	return c
}

func (c *checker) check(path string, files []*ast.File) {
	c.info = &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: c.importer}
	if _, err := config.Check(path, c.fset, files, c.info); err != nil {
		c.findings = append(c.findings, finding{why: "type check of " + path + ": " + err.Error()})
		return
	}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				c.function(c.info.Defs[n.Name].Type(), n.Body)
			case *ast.FuncLit:
				c.function(c.info.Types[n].Type, n.Body)
			case *ast.AssignStmt:
				c.assignment(n)
			}
			return true
		})
	}
}

// function looks at the returns of one function, not of those within it.
func (c *checker) function(sig types.Type, body *ast.BlockStmt) {
	if body == nil {
		return
	}
	results := sig.(*types.Signature).Results()
	c.around = c.around[:0]
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case nil:
			c.around = c.around[:len(c.around)-1]
			return true
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			c.returned(results, n)
		}
		c.around = append(c.around, n)
		return true
	})
}

// asked says whether a condition around the statement at hand speaks of e.
func (c *checker) asked(e ast.Expr) bool {
	text := types.ExprString(e)
	for _, n := range c.around {
		var conditions []ast.Expr
		switch n := n.(type) {
		case *ast.IfStmt:
			conditions = []ast.Expr{n.Cond}
		case *ast.CaseClause:
			conditions = n.List
		}
		for _, cond := range conditions {
			if strings.Contains(types.ExprString(cond), text) {
				return true
			}
		}
	}
	return false
}

func (c *checker) returned(results *types.Tuple, r *ast.ReturnStmt) {
	switch {
	case len(r.Results) == 1 && results.Len() > 1:
		c.tuple(r.Results[0], r.Pos(), func(i int) types.Type { return results.At(i).Type() })
	case len(r.Results) == 1 && isError(results.At(0).Type()):
		if c.mayBeNil(r.Results[0]) {
			c.found(r.Pos(), "a pointer is returned as an error")
		}
	case len(r.Results) > 1 && isError(results.At(results.Len()-1).Type()):
		if c.isNil(r.Results[len(r.Results)-1]) {
			return
		}
		for i, e := range r.Results {
			if types.IsInterface(results.At(i).Type()) && c.mayBeNil(e) {
				c.found(r.Pos(), "a pointer is returned as an interface beside an error")
			}
		}
	}
}

func (c *checker) assignment(a *ast.AssignStmt) {
	if len(a.Rhs) == 1 && len(a.Lhs) > 1 && a.Tok == token.ASSIGN {
		c.tuple(a.Rhs[0], a.Pos(), func(i int) types.Type { return c.typeOf(a.Lhs[i]) })
	}
}

// tuple looks at a call whose results become others, of the types that to says.
func (c *checker) tuple(call ast.Expr, at token.Pos, to func(i int) types.Type) {
	from, ok := c.typeOf(call).(*types.Tuple)
	if !ok || !isError(from.At(from.Len()-1).Type()) {
		return
	}
	for i := range from.Len() {
		if t := to(i); t != nil && types.IsInterface(t) && nilable(from.At(i).Type()) {
			c.found(at, "a call's pointer becomes an interface beside its error")
		}
	}
}

func (c *checker) found(at token.Pos, why string) {
	c.findings = append(c.findings, finding{c.fset.Position(at), why})
}

func (c *checker) typeOf(e ast.Expr) types.Type {
	if id, ok := e.(*ast.Ident); ok && c.info.Types[e].Type == nil {
		if o := c.info.Uses[id]; o != nil {
			return o.Type()
		}
		return nil
	}
	return c.info.Types[e].Type
}

// mayBeNil says whether e is a pointer or the like, and neither the address of a
// literal, nor a function or method, nor made by a constructor.
func (c *checker) mayBeNil(e ast.Expr) bool {
	if !nilable(c.typeOf(e)) || c.asked(e) {
		return false
	}
	switch e := e.(type) {
	case *ast.UnaryExpr, *ast.FuncLit:
		return false
	case *ast.CallExpr:
		var name string
		switch f := e.Fun.(type) {
		case *ast.Ident:
			name = f.Name
		case *ast.SelectorExpr:
			name = f.Sel.Name
		}
		return !strings.HasPrefix(strings.ToLower(name), "new")
	}
	return true
}

func (c *checker) isNil(e ast.Expr) bool { return c.info.Types[e].IsNil() }

func isError(t types.Type) bool { return types.Identical(t, types.Universe.Lookup("error").Type()) }

// nilable says whether t is no interface, and has a nil.
func nilable(t types.Type) bool {
	if t == nil {
		return false
	}
	switch t.Underlying().(type) {
	case *types.Pointer, *types.Map, *types.Chan, *types.Signature:
		return true
	}
	return false
}
