package conformance

import (
	"flag"
	"os"
	"testing"
)

// TestMain runs more tests at once than there are processors: they wait more than they work.
func TestMain(m *testing.M) {
	flag.Parse()
	_ = flag.Set("test.parallel", "16")
	os.Exit(m.Run())
}
