package oracle

import "fmt"

// Rule is one demand on a store that has been through a crash.
type Rule string

// The rules, in the order in which they are checked. A verdict names the first
// that is broken: what comes after it is seldom worth a second look.
const (
	RuleOpen       Rule = "open"        // the store opens
	RuleVerify     Rule = "verify"      // the engine's own check finds nothing
	RuleUnreadable Rule = "unreadable"  // reads meet no error
	RuleDisagree   Rule = "disagree"    // iterator and point reads show the same, in order
	RuleInvented   Rule = "invented"    // every key and value found was written
	RuleTorn       Rule = "torn"        // a batch is there as a whole or not at all
	RuleResurrect  Rule = "resurrected" // nothing deleted comes back beside later writes
	RuleLost       Rule = "lost"        // what was acknowledged at the durability level is there
	RuleHole       Rule = "hole"        // nothing is there without all that came before it
	RuleUnwritable Rule = "unwritable"  // the store takes writes, and shows them
	RuleClose      Rule = "close"       // it closes without an error
	RuleReopen     Rule = "reopen"      // it opens again
	RuleUnstable   Rule = "unstable"    // opening it again changes nothing
)

// Rules lists all rules, in the order in which they are checked.
func Rules() []Rule {
	return []Rule{
		RuleOpen, RuleVerify, RuleUnreadable, RuleDisagree,
		RuleInvented, RuleTorn, RuleResurrect, RuleLost, RuleHole,
		RuleUnwritable, RuleClose, RuleReopen, RuleUnstable,
	}
}

// Violation is one broken rule.
type Violation struct {
	Rule   Rule   `json:"rule"`
	Detail string `json:"detail"` // what was found and what was due, with keys and writes
}

func (v Violation) String() string { return fmt.Sprintf("%s: %s", v.Rule, v.Detail) }

func violated(rule Rule, format string, args ...any) *Violation {
	return &Violation{rule, fmt.Sprintf(format, args...)}
}
