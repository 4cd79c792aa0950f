// Package bench holds the benchmarks that compare a netrepl server with one in
// plain Go. Each server is a process of its own, pinned to one core; the load
// comes from another core. There is nothing in it but tests.
package bench
