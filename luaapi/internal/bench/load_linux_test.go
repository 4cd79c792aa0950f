package bench

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A load generator must not be what is measured, so these are bare epoll loops
// in one thread: no goroutine a connection, no buffers, no timers.

// client is one connection of a generator.
type client struct {
	fd   int
	want int // newlines still to come before the next request goes out
}

func dial(t testing.TB, addr string) int {
	t.Helper()
	ap := netip.MustParseAddrPort(addr)
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Connect(fd, &unix.SockaddrInet4{Port: int(ap.Port()), Addr: ap.Addr().As4()}); err != nil {
		t.Fatal(err)
	}
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	return fd
}

// lines keeps n connections busy for d: each sends depth lines of 32 bytes,
// waits for as many answers, and sends again. It answers the lines a second.
func lines(t testing.TB, addr string, n, depth int, d time.Duration) float64 {
	t.Helper()
	line := append(bytes.Repeat([]byte("x"), 31), '\n')
	request := bytes.Repeat(line, depth)
	ep, err := unix.EpollCreate1(0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(ep)
	byFd := map[int32]*client{}
	buf := make([]byte, 64<<10)
	for range n {
		c := &client{fd: dial(t, addr), want: depth}
		for got := 0; got == 0; { // the welcome
			k, err := unix.Read(c.fd, buf)
			if err != nil || k == 0 {
				t.Fatal("no welcome:", err)
			}
			got = bytes.Count(buf[:k], []byte("\n"))
		}
		byFd[int32(c.fd)] = c
		ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(c.fd)}
		if err := unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, c.fd, &ev); err != nil {
			t.Fatal(err)
		}
	}
	defer func() {
		for _, c := range byFd {
			unix.Close(c.fd)
		}
	}()
	for _, c := range byFd {
		unix.Write(c.fd, request)
	}
	events := make([]unix.EpollEvent, 256)
	count := 0
	start := time.Now()
	for time.Since(start) < d {
		k, err := unix.EpollWait(ep, events, 1000)
		if err == unix.EINTR {
			continue
		}
		if err != nil || k == 0 {
			t.Fatal("no answer for a second:", err)
		}
		for _, ev := range events[:k] {
			c := byFd[ev.Fd]
			got, err := unix.Read(c.fd, buf)
			if err != nil || got == 0 {
				t.Fatal("connection ended:", err)
			}
			m := bytes.Count(buf[:got], []byte("\n"))
			count += m
			if c.want -= m; c.want == 0 {
				c.want = depth
				unix.Write(c.fd, request)
			}
		}
	}
	return float64(count) / time.Since(start).Seconds()
}

// connects makes connections, 16 at a time: connect,
// welcome, one request, its answer, exit, close. It answers connections a
// second.
func connects(t testing.TB, addr string, d time.Duration) float64 {
	t.Helper()
	buf := make([]byte, 4096)
	count := 0
	start := time.Now()
	read := func(fd int) int {
		k, err := unix.Read(fd, buf)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	for time.Since(start) < d {
		var fds [16]int
		for i := range fds {
			fds[i] = dial(t, addr)
		}
		for _, fd := range fds {
			read(fd)
			unix.Write(fd, []byte("hello\n"))
		}
		for _, fd := range fds {
			read(fd)
			unix.Write(fd, []byte("exit\n"))
		}
		for _, fd := range fds {
			for read(fd) > 0 {
			}
			unix.Close(fd)
			count++
		}
	}
	return float64(count) / time.Since(start).Seconds()
}

// datagrams keeps n datagrams in flight for d and answers echoes a second.
func datagrams(t testing.TB, addr string, n int, d time.Duration) float64 {
	t.Helper()
	ap := netip.MustParseAddrPort(addr)
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Connect(fd, &unix.SockaddrInet4{Port: int(ap.Port()), Addr: ap.Addr().As4()}); err != nil {
		t.Fatal(err)
	}
	unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 200_000})
	data := bytes.Repeat([]byte("x"), 32)
	buf := make([]byte, 2048)
	for range n {
		unix.Write(fd, data)
	}
	count := 0
	start := time.Now()
	for time.Since(start) < d {
		if _, err := unix.Read(fd, buf); err == unix.EAGAIN { // one was lost: fill up
			for range n {
				unix.Write(fd, data)
			}
			continue
		}
		count++
		unix.Write(fd, data)
	}
	return float64(count) / time.Since(start).Seconds()
}

// stream sends to addr for d, 64 KiB at a time, and answers MB a second.
func stream(t testing.TB, addr string, d time.Duration) float64 {
	t.Helper()
	fd := dial(t, addr)
	defer unix.Close(fd)
	data := make([]byte, 64<<10)
	sent := 0
	start := time.Now()
	for time.Since(start) < d {
		n, err := unix.Write(fd, data)
		if err != nil {
			t.Fatal(err)
		}
		sent += n
	}
	return float64(sent) / 1e6 / time.Since(start).Seconds()
}

// idle opens n connections and answers them; each has its welcome.
func idle(t testing.TB, addr string, n int) (fds []int) {
	t.Helper()
	buf := make([]byte, 64)
	for range n {
		fd := dial(t, addr)
		fds = append(fds, fd)
		unix.Read(fd, buf)
	}
	return fds
}
