package why

import "io"

// Answer is what is known of what a Question asks for: the first of these that there is.
type Answer struct {
	Request *Record  // the only one that has the id
	Shares  *Shares  // of the backend
	Server  string   // the one that Shares are asked about; empty: all
	List    []Record // the newest first
}

// Write tells the answer to an admin, as text.
func (a *Answer) Write(w io.Writer) error {
	switch {
	case a.Request != nil:
		return WriteStory(w, a.Request)
	case a.Shares != nil:
		return WriteShares(w, a.Shares, a.Server)
	}
	return WriteList(w, a.List)
}
