package oracle

import "fmt"

// Rule is one demand on a store after a crash.
type Rule string

// The rules, in the order in which they are checked. A verdict names the first that is
// violated; later violations are mostly consequences of it.
const (
	RuleOpen       Rule = "open"        // the store opens
	RuleVerify     Rule = "verify"      // the engine's own check finds nothing
	RuleUnreadable Rule = "unreadable"  // reads return no error
	RuleDisagree   Rule = "disagree"    // iterator and point reads show the same, in order
	RuleAborted    Rule = "aborted"     // nothing is found of a transaction that was discarded or met a conflict
	RuleInvented   Rule = "invented"    // every key and value found was written
	RuleTorn       Rule = "torn"        // a batch is present as a whole or not at all
	RuleResurrect  Rule = "resurrected" // nothing deleted comes back while later writes are present
	RuleLost       Rule = "lost"        // what was acknowledged at the durability level is present
	RuleHole       Rule = "hole"        // no write is present without all that came before it
	RuleUnwritable Rule = "unwritable"  // the store accepts writes, and shows them
	RuleFloor      Rule = "floor"       // what is kept of the past reads as it was, also after another opening
	RuleClose      Rule = "close"       // the store closes without an error
	RuleReopen     Rule = "reopen"      // the store opens again
	RuleUnstable   Rule = "unstable"    // opening it again changes nothing
)

// RuleIsolation is broken by an engine whose transactions read or commit what their level
// forbids. It takes no crash: those report it who run the program, and no check does.
const RuleIsolation Rule = "isolation"

// Rules lists all rules of a check, in the order in which they are checked.
func Rules() []Rule {
	return []Rule{
		RuleOpen, RuleVerify, RuleUnreadable, RuleDisagree,
		RuleAborted, RuleInvented, RuleTorn, RuleResurrect, RuleLost, RuleHole,
		RuleUnwritable, RuleFloor, RuleClose, RuleReopen, RuleUnstable,
	}
}

// Violation is one violated rule.
type Violation struct {
	Rule   Rule   `json:"rule"`
	Detail string `json:"detail"` // what was found and what was expected, with keys and writes
}

func (v Violation) String() string { return fmt.Sprintf("%s: %s", v.Rule, v.Detail) }

func violated(rule Rule, format string, args ...any) *Violation {
	return &Violation{rule, fmt.Sprintf(format, args...)}
}
