//go:build unix

// Package sys makes the system calls that a byte's path is made of.
package sys
