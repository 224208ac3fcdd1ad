package cert

import (
	"errors"

	"caconsole/admin/fault"
)

// Problem is a fault on its way from the signer to the console. The cause stays in the signer's log.
type Problem struct {
	Kind string     `json:"kind"`
	Key  string     `json:"key"`
	Args fault.Args `json:"args,omitempty"`
}

// ProblemOf turns an error into what the console may know of it.
func ProblemOf(err error) Problem {
	f := fault.Of(err)
	return Problem{Kind: f.Kind.String(), Key: f.Key, Args: f.Args}
}

// Fault turns a problem back into a fault. A kind this build does not know counts as Internal.
func (p Problem) Fault() error {
	for k := fault.Internal; k <= fault.Unavailable; k++ {
		if k.String() == p.Kind && p.Key != "" {
			return fault.New(k, p.Key, p.Args)
		}
	}
	return fault.Wrap("signer_answer_unknown", errors.New("kind "+p.Kind+", key "+p.Key))
}
