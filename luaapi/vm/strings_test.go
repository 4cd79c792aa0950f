package vm

import "testing"

func TestItemsOutsideOfTheArray(t *testing.T) {
	t.Parallel()
	out, code := run(t, `local t = {[0] = "zero", [-1] = "minus", "one"}
	print(unpack(t, -1, 1))
	print(table.concat(t, " ", -1, 1))
	local far = 2 ^ 40
	print(unpack({[far] = "far"}, far, far))`)
	if want := "minus\tzero\tone\nminus zero one\nfar\n"; out != want || code != 0 {
		t.Errorf("got %q, exit code %d", out, code)
	}
}
