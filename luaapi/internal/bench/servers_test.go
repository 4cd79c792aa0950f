package bench

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi"
	"github.com/netrepl/netrepl/luaapi/vm"
)

// Each job is done by plain Go, the peer, and by a Lua chunk. Both print the
// address they are reached at first; the sender is told where to send by its
// argument.
type job struct {
	plain func(target string)
	lua   string
}

func announce(a net.Addr) { fmt.Println(a) }

func listenAndServe(handle func(net.Conn)) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	announce(l.Addr())
	for {
		c, err := l.Accept()
		if err != nil {
			panic(err)
		}
		go handle(c)
	}
}

var jobs = map[string]job{
	"greet": {
		plain: func(string) {
			listenAndServe(func(c net.Conn) {
				defer c.Close()
				c.Write([]byte("Welcome!\n"))
				r := bufio.NewReader(c)
				for {
					line, err := r.ReadString('\n')
					if err != nil || line == "exit\n" {
						return
					}
					c.Write([]byte("Hello, " + strings.TrimSuffix(line, "\n") + "!\n"))
				}
			})
		},
		lua: `
			local server = socket.serve("127.0.0.1", 0, function(conn)
			  conn:write("Welcome!\n")
			  for line in conn:lines() do
			    if line == "exit" then break end
			    conn:write("Hello, ", line, "!\n")
			  end
			end)
			local host, port = server:addr()
			print(host .. ":" .. port)`,
	},
	"echo": {
		plain: func(string) {
			c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
			if err != nil {
				panic(err)
			}
			announce(c.LocalAddr())
			buf := make([]byte, 2048)
			for {
				n, from, err := c.ReadFromUDPAddrPort(buf)
				if err != nil {
					panic(err)
				}
				c.WriteToUDPAddrPort(buf[:n], from)
			}
		},
		lua: `
			local s = socket.udp()
			s:bind("127.0.0.1", 0)
			local host, port = s:getsockname()
			print(host .. ":" .. port)
			while true do
			  local data, host, port = s:recvfrom()
			  s:sendto(data, host, port)
			end`,
	},
	"sink": {
		plain: func(string) {
			listenAndServe(func(c net.Conn) {
				buf := make([]byte, 64<<10)
				for {
					if _, err := c.Read(buf); err != nil {
						return
					}
				}
			})
		},
		lua: `
			local server = socket.serve("127.0.0.1", 0, function(conn)
			  while conn:recv(65536) do end
			end)
			local host, port = server:addr()
			print(host .. ":" .. port)`,
	},
	"sender": {
		plain: func(target string) {
			to, err := net.ResolveUDPAddr("udp4", target)
			if err != nil {
				panic(err)
			}
			c, err := net.ListenUDP("udp4", nil)
			if err != nil {
				panic(err)
			}
			announce(c.LocalAddr())
			data := []byte(strings.Repeat("x", 32))
			for {
				c.WriteToUDP(data, to)
			}
		},
		lua: `
			local s = socket.udp()
			local list = {}
			for i = 1, 256 do list[i] = ("x"):rep(32) end
			print("ready")
			while true do s:sendto(list, arg[1]) end`,
	},
}

// serve is the main function of a server process.
func serve(kind, name, target string) {
	j := jobs[name]
	if kind == "go" {
		j.plain(target)
		return
	}
	rt := luaapi.New(vm.SystemHost(os.Stdin, os.Stdout, os.Stderr), vm.Config{Args: []string{target}})
	rt.Do("load", func(L *lua.LState) {
		fn, err := rt.Load(L, name, []byte(j.lua))
		if err != nil {
			panic(err)
		}
		rt.Spawn(fn, nil, vm.SpawnOptions{})
	})
	rt.WaitIdle()
	os.Exit(rt.ExitCode())
}
