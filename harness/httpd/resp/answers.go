package resp

import (
	"github.com/tidwall/redcon"
)

// answers are encoded one after the other, until they are sent together.
type answers []byte

func (a *answers) simple(text string) { *a = redcon.AppendString(*a, text) }
func (a *answers) fail(text string)   { *a = redcon.AppendError(*a, text) }
func (a *answers) bulk(bytes []byte)  { *a = redcon.AppendBulk(*a, bytes) }
func (a *answers) number(n int)       { *a = redcon.AppendInt(*a, int64(n)) }
func (a *answers) null()              { *a = redcon.AppendNull(*a) }
func (a *answers) array(length int)   { *a = redcon.AppendArray(*a, length) }
