//go:build race

package socket_test

// slow is how much longer things take in this build.
const slow = 10
