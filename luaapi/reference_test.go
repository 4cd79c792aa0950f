package luaapi_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/netrepl/netrepl/luaapi"
	"github.com/netrepl/netrepl/luaapi/stub"
)

var update = flag.Bool("update", false, "write docs/api anew")

// TestReferencePages demands that docs/api is what the stubs say. go test
// ./luaapi -run ReferencePages -update writes it.
func TestReferencePages(t *testing.T) {
	t.Parallel()
	dir := filepath.Join("..", "docs", "api")
	want := map[string]string{}
	for _, m := range luaapi.Docs().Modules() {
		want[m.Name+".md"] = stub.Markdown(m)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if _, ok := want[filepath.Base(f)]; ok {
			continue
		}
		if *update {
			os.Remove(f)
		} else {
			t.Errorf("%s: no module of that name", f)
		}
	}
	for name, text := range want {
		path := filepath.Join(dir, name)
		if *update {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != text {
			t.Errorf("%s is not what the stub says: run go test ./luaapi -run ReferencePages -update (%v)", path, err)
		}
	}
}
