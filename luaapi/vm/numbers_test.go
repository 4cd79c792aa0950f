package vm

import "testing"

func TestNumbersAndMatches(t *testing.T) {
	t.Parallel()
	out, _ := run(t, `
		print(tonumber("1e3"), tonumber(" 0x1F "), tonumber("99999999999999999999") == 1e20, tonumber("-.5"), tonumber("5."))
		print(tonumber(""), tonumber("1e"), tonumber("0x"), tonumber("inf"), tonumber("nan"), tonumber("1_0"), tonumber({}), tonumber("0x1p4"))
		print(tonumber("ff", 16), tonumber("zz", 36), tonumber("8", 8), tonumber("-101", 2), tonumber("1 2"), tonumber("-0x10"))
		print(tonumber(("abc"):match("%d")), select("#", ("abc"):match("%d")), ("a1"):match("%d"))
	`)
	want := "1000\t31\ttrue\t-0.5\t5\n" +
		"nil\tnil\tnil\tnil\tnil\tnil\tnil\tnil\n" +
		"255\t1295\tnil\t-5\tnil\t-16\n" +
		"nil\t1\t1\n"
	if out != want {
		t.Errorf("got\n%swant\n%s", out, want)
	}
}
