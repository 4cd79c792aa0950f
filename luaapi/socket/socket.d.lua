---@meta

--- Opens TCP, UDP and unix sockets: as client, as server, as proxy.
---
--- Sockets are values. There is a short form for each common job (`connect`,
--- `listen`, `serve`, `dial`), and the BSD verbs for the rest (`tcp`, `bind`,
--- `listen`, `accept`, `connect`, `send`, `recv`, …). Calls wait; meanwhile
--- other fibers run.
---
--- ```lua
--- local server = socket.serve("127.0.0.1", 0, function(conn)
---   for line in conn:lines() do conn:write("Hello, ", line, "!\n") end
--- end)
--- local host, port = server:addr()
--- local conn = assert(socket.connect(host, port))
--- conn:send("world\n")
--- assert(conn:recvline() == "Hello, world!")
--- conn:close()
--- server:stop()
--- ```
---
--- A call that fails answers `nil, err` and, where it read, what had come. `err`
--- is one of a closed list: "timeout", "closed", "cancelled", "denied",
--- "too long", "host not found", or the system's own text in lower case, such as
--- "connection refused", "address already in use" or "permission denied". Wrong
--- use raises an error at the caller's line.
---
--- Addresses are a host and a port, or one string: "host:port", "[::1]:80",
--- "unix:/path". "*" or "" as host is every address of the machine, IPv4 and
--- IPv6; 127.0.0.1 is this machine alone; port 0 takes a free one, which
--- `getsockname` tells. On Linux a unix path that starts with "@" is abstract:
--- no file stands for it.
---
--- Timeouts are seconds, with fractions: nil waits for ever, 0 does not wait. A
--- timeout covers the whole call, name look-up included; after it the socket
--- can still be used. A socket is closed by `close`, by the end of its handler
--- or of the script, or when nothing refers to it any more. (Lua's weak tables
--- hold strongly here, and there is no `__gc`.)
local socket = {}

socket.AF_UNIX = 1 --- The unix family, for `socket.socket`.
socket.AF_INET = 2 --- The IPv4 family.
socket.AF_INET6 = 10 --- The IPv6 family.
socket.SOCK_STREAM = 1 --- A stream of bytes: TCP, or a unix stream.
socket.SOCK_DGRAM = 2 --- Datagrams: UDP, or unix datagrams.

--- How to connect.
---@class connect_options
---@field timeout? number seconds for look-up and connection together
---@field family? "4"|"6" the only family to use
---@field localaddr? string the address to come from
---@field localport? integer the port to come from

--- How to listen.
---@class listen_options
---@field backlog? integer how many connections may wait for `accept`, 512 unless given
---@field family? "4"|"6" the only family to use
---@field reuseport? boolean several sockets may listen on the port
---@field v6only? boolean an IPv6 address takes no IPv4 connections

--- How to serve: as to listen, and
---@class serve_options
---@field backlog? integer how many connections may wait, 512 unless given
---@field family? "4"|"6" the only family to use
---@field reuseport? boolean several sockets may listen on the port
---@field v6only? boolean an IPv6 address takes no IPv4 connections
---@field timeout? number the timeout each connection starts with
---@field name? string the name of its fiber in listings

--- How to read.
---@class read_options
---@field timeout? number seconds for this call, instead of the socket's
---@field max? integer the most bytes to answer, 1 MiB unless given; more is "too long"

--- How to wait.
---@class wait_options
---@field timeout? number seconds for this call, instead of the socket's

--- Makes a TCP socket of either family, not open yet.
---
--- ```lua
--- local s = socket.tcp()
--- assert(s:bind("127.0.0.1", 0) and s:listen(5))
--- print(s:getsockname())
--- s:close()
--- ```
---@return tcp s
function socket.tcp() end

--- Makes a TCP socket for IPv4.
---@return tcp s
function socket.tcp4() end

--- Makes a TCP socket for IPv6.
---@return tcp s
function socket.tcp6() end

--- Makes a UDP socket; its family is that of the first address it uses.
---
--- ```lua
--- local a, b = socket.udp(), socket.udp()
--- assert(a:bind("127.0.0.1", 0))
--- b:sendto("ping", a:getsockname())
--- local data, host, port = a:recvfrom()
--- a:sendto(data:upper(), host, port)
--- assert(b:recvfrom() == "PING")
--- ```
---@return udp s
function socket.udp() end

--- Makes a UDP socket for IPv4.
---@return udp s
function socket.udp4() end

--- Makes a UDP socket for IPv6.
---@return udp s
function socket.udp6() end

--- Makes a unix stream socket, not open yet.
---
--- For unix datagrams see `socket.socket`.
---@return unix s
function socket.unix() end

--- Makes a socket as BSD and Python do, not open yet.
---
--- ```lua
--- local s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
--- assert(tostring(s) == "tcp unbound")
--- ```
---@param family? integer `socket.AF_INET` unless given
---@param type? integer `socket.SOCK_STREAM` unless given
---@return tcp|udp|unix s
function socket.socket(family, type) end

--- Opens a connection.
---
--- A name is looked up; of its addresses the first that answers is taken (happy
--- eyeballs). For a unix socket write "unix:/path" and no port.
---
--- ```lua
--- local l = assert(socket.listen("127.0.0.1", 0))
--- local conn = assert(socket.connect("127.0.0.1", select(2, l:getsockname()), {timeout = 2}))
--- assert(conn:send("hi") == 2)
--- assert(l:accept():recv() == "hi")
--- ```
---@async
---@param host string host, or host and port in one string
---@param port? integer the port
---@param opts? connect_options
---@return tcp|unix conn
---@return nil, string err
function socket.connect(host, port, opts) end

--- Opens a connection or a connected datagram socket from a URL.
---
--- ```lua
--- local l = assert(socket.listen("127.0.0.1", 0))
--- local host, port = l:getsockname()
--- local conn = assert(socket.dial("tcp://" .. host .. ":" .. port))
--- conn:close()
--- ```
---@async
---@param url string tcp://host:port, udp://host:port or unix:///path
---@param opts? wait_options
---@return tcp|udp|unix conn
---@return nil, string err
function socket.dial(url, opts) end

--- Listens for connections.
---
--- A port that somebody holds is refused at once with "address already in use".
---
--- ```lua
--- local l = assert(socket.listen("127.0.0.1", 0))
--- local host, port = l:getsockname()
--- assert(select(2, socket.listen(host, port)) == "address already in use")
--- ```
---@async
---@param host string host, or host and port in one string; "*" is every address
---@param port? integer the port, 0 for a free one
---@param opts? listen_options
---@return tcp|unix l
---@return nil, string err
function socket.listen(host, port, opts) end

--- Serves connections: calls a function for each, in a fiber of its own.
---
--- The connection is closed when the function ends. An error in it is logged
--- with the peer's address and ends that connection only. When the process has
--- no descriptors left, the server says so, waits and goes on. The script goes
--- on after this call, and does not end before the server is stopped.
---
--- ```lua
--- local server = assert(socket.serve("127.0.0.1", 0, function(conn, host, port)
---   conn:send("you are " .. host)
--- end))
--- local conn = socket.connect(server:addr())
--- assert(conn:recvall() == "you are 127.0.0.1")
--- server:stop()
--- ```
---@async
---@param host string host, or host and port in one string; "*" is every address
---@param port? integer the port, 0 for a free one
---@param handler function called with the connection and the peer's host and port
---@param opts? serve_options
---@return server server
---@return nil, string err
function socket.serve(host, port, handler, opts) end

--- Copies bytes both ways between two connections until both have ended.
---
--- When one side stops sending, the other is told and may go on. The copying
--- happens outside of Lua, by the kernel where it can. Both connections stay
--- open, at their end; close them.
---
--- ```lua
--- local echo = socket.serve("127.0.0.1", 0, function(c)
---   for s in c:chunks() do c:send(s) end
--- end)
--- local proxy = socket.serve("127.0.0.1", 0, function(c)
---   local up = assert(socket.connect(echo:addr()))
---   socket.pump(c, up)
---   up:close()
--- end)
--- local conn = socket.connect(proxy:addr())
--- conn:send("through")
--- conn:shutdown("write")
--- assert(conn:recvall() == "through")
--- proxy:stop() echo:stop()
--- ```
---@async
---@param a tcp|unix a connection
---@param b tcp|unix another
---@return integer forth bytes from a to b
---@return integer back bytes from b to a
---@return nil, string err
function socket.pump(a, b) end

--- Answers the open socket of a number, as `s:id()` and listings tell it.
---
--- ```lua
--- local s = assert(socket.listen("127.0.0.1", 0))
--- assert(tostring(socket.get(s:id())) == tostring(s))
--- ```
---@param id integer the number
---@return tcp|udp|unix? s nil if there is none
function socket.get(id) end

--- Lists the open sockets, oldest first.
---
--- ```lua
--- local s = assert(socket.listen("127.0.0.1", 0))
--- assert(#socket.list() >= 1)
--- s:close()
--- ```
---@return table sockets
function socket.list() end

--- Answers the time of day, in seconds since 1970 with fractions.
---
--- It jumps when somebody sets the clock; `fiber.now` measures how long
--- something took.
---
--- ```lua
--- local whole = os.time()
--- assert(socket.gettime() >= whole)
--- ```
---@return number seconds
function socket.gettime() end

--- What every socket can.
---@class sock
local sock = {}

--- Takes an address of this machine.
---
--- A port that somebody holds is refused here: "address already in use". One
--- that was in use a moment ago by this program is not. Ports below 1024 need
--- rights: "permission denied".
---
--- ```lua
--- local a, b = socket.tcp(), socket.tcp()
--- assert(a:bind("127.0.0.1", 0))
--- local host, port = a:getsockname()
--- assert(select(2, b:bind(host, port)) == "address already in use")
--- ```
---@async
---@param host string host, or host and port in one string; a path for a unix socket
---@param port? integer the port, 0 for a free one
---@return true ok
---@return nil, string err
function sock:bind(host, port) end

--- Connects to a peer.
---
--- A datagram socket then sends to that peer with `send` and receives only what
--- it sends; `udp:connect("*")` takes the peer away again.
---@async
---@param host string host, or host and port in one string; a path for a unix socket
---@param port? integer the port
---@return true ok
---@return nil, string err
function sock:connect(host, port) end

--- Closes the socket.
---
--- What was written is sent first, for at most the socket's timeout or five
--- seconds. Calls of other fibers on the socket end with "closed". It may be
--- called again.
---@async
---@return true ok
function sock:close() end

--- Sets how long each call on the socket may take.
---@param seconds? number nil for ever, 0 not to wait at all
---@return true ok
function sock:settimeout(seconds) end

--- Answers how long each call on the socket may take.
---@return number? seconds nil for ever
function sock:gettimeout() end

--- Answers the socket's own address.
---@return string host or the path of a unix socket
---@return integer port
---@return nil, string err
function sock:getsockname() end

--- Answers the peer's address.
---@return string host or the path of a unix socket
---@return integer port
---@return nil, string err
function sock:getpeername() end

--- Sets an option of the socket.
---
--- On or off: "reuseaddr", "reuseport", "keepalive", "tcp-nodelay" (on unless
--- told), "broadcast", "ipv6-v6only", "ip-multicast-loop". A number: "rcvbuf",
--- "sndbuf", "ip-multicast-ttl". "linger": seconds, or {on=, timeout=}.
--- "ip-add-membership" and "ip-drop-membership": {multiaddr=, interface=}, the
--- interface by address or name. "ip-multicast-if": an address or name. An
--- option of a socket that is not open yet is set when it opens.
---
--- ```lua
--- local u = socket.udp()
--- assert(u:setoption("broadcast", true))
--- assert(u:bind("127.0.0.1", 0))
--- assert(u:getoption("broadcast") == true)
--- ```
---@param name string the option
---@param value? any what it is to be; on unless given
---@return true ok
---@return nil, string err
function sock:setoption(name, value) end

--- Answers an option of the socket.
---@param name string the option, as for `setoption`
---@return any value
---@return nil, string err
function sock:getoption(name) end

--- Answers the socket's descriptor, which stays the socket's.
---@return integer fd
---@return nil, string err
function sock:getfd() end

--- Answers what the socket has moved.
---@return integer received bytes
---@return integer sent bytes
---@return number age seconds since it was opened
function sock:getstats() end

--- Answers the socket's number, as `socket.get` takes it and listings show it.
---@return integer id 0 while it is not open
function sock:id() end

--- A stream of bytes: what a connection can.
---
--- Several fibers may use one connection: one may read while another writes;
--- those that read take turns, each for a whole call.
---@class stream
local stream = {}

--- Receives what has come, waiting for the first byte.
---
--- ```lua
--- local l = socket.listen("127.0.0.1", 0)
--- local a = socket.connect(l:getsockname())
--- local b = l:accept()
--- a:send("ab")
--- assert(b:recv(1) == "a" and b:recv() == "b")
--- a:close()
--- local data, err = b:recv()
--- assert(data == nil and err == "closed")
--- ```
---@async
---@param n? integer at most so many bytes, 64 KiB unless given
---@param opts? wait_options
---@return string data at least one byte
---@return nil, string err, string partial
function stream:recv(n, opts) end

--- Receives exactly n bytes.
---
--- ```lua
--- local l = socket.listen("127.0.0.1", 0)
--- local a = socket.connect(l:getsockname())
--- local b = l:accept()
--- a:send("12345")
--- assert(b:recvn(2) == "12" and b:recvn(3) == "345")
--- ```
---@async
---@param n integer how many
---@param opts? read_options
---@return string data
---@return nil, string err, string partial
function stream:recvn(n, opts) end

--- Receives a line, without its end: "\n" or "\r\n".
---
--- ```lua
--- local l = socket.listen("127.0.0.1", 0)
--- local a = socket.connect(l:getsockname())
--- local b = l:accept()
--- a:send("one\r\ntwo\nthr")
--- assert(b:recvline() == "one" and b:recvline() == "two")
--- local line, err, partial = b:recvline({timeout = 0})
--- assert(not line and err == "timeout" and partial == "thr")
--- ```
---@async
---@param opts? read_options
---@return string line
---@return nil, string err, string partial
function stream:recvline(opts) end

--- Receives up to a mark, and drops the mark.
---
--- ```lua
--- local l = socket.listen("127.0.0.1", 0)
--- local a = socket.connect(l:getsockname())
--- local b = l:accept()
--- a:send("head\r\n\r\nbody")
--- assert(b:recvuntil("\r\n\r\n") == "head")
--- ```
---@async
---@param delim string the mark, plain text
---@param opts? read_options
---@return string data
---@return nil, string err, string partial
function stream:recvuntil(delim, opts) end

--- Receives all that comes until the peer stops sending.
---
--- ```lua
--- local l = socket.listen("127.0.0.1", 0)
--- local a = socket.connect(l:getsockname())
--- local b = l:accept()
--- a:send("all") a:close()
--- assert(b:recvall() == "all")
--- ```
---@async
---@param opts? read_options
---@return string data
---@return nil, string err, string partial
function stream:recvall(opts) end

--- Iterates over the lines that come, until the peer is gone.
---
--- A last line without an end is one too. A timeout or a line that is too long
--- raises an error.
---
--- ```lua
--- local l = socket.listen("127.0.0.1", 0)
--- local a = socket.connect(l:getsockname())
--- a:send("x\ny\nz") a:close()
--- local all = {}
--- for line in l:accept():lines() do all[#all + 1] = line end
--- assert(table.concat(all, ",") == "x,y,z")
--- ```
---@async
---@param opts? read_options
---@return function next
function stream:lines(opts) end

--- Iterates over what comes, as it comes, until the peer is gone.
---@async
---@param n? integer at most so many bytes at a time, 64 KiB unless given
---@param opts? wait_options
---@return function next
function stream:chunks(n, opts) end

--- Puts data back, to be received next.
---
--- ```lua
--- local l = socket.listen("127.0.0.1", 0)
--- local a = socket.connect(l:getsockname())
--- local b = l:accept()
--- a:send("lo")
--- b:unrecv("hel" .. b:recv(2))
--- assert(b:recvn(5) == "hello")
--- ```
---@param data string what
---@return true ok
---@return nil, string err
function stream:unrecv(data) end

--- Sends all of a string, or of a table of strings.
---
--- ```lua
--- local l = socket.listen("127.0.0.1", 0)
--- local a = socket.connect(l:getsockname())
--- assert(a:send("hello", 2, 3) == 3)
--- assert(a:send({"x", "yz"}) == 3)
--- a:close()
--- assert(l:accept():recvall() == "elxyz")
--- ```
---@async
---@param data string|table what to send
---@param i? integer the first byte to send, 1 unless given
---@param j? integer the last one, -1 unless given
---@return integer last the index of the last byte sent
---@return nil, string err, integer last
function stream:send(data, i, j) end

stream.sendall = stream.send

--- Collects strings and numbers to be sent together.
---
--- They leave at `flush`, `send` or `close`, above 64 KiB, and before the fiber
--- waits for anything or ends; so the answers to several requests that came
--- together leave together. When that fails, the next call that writes says so;
--- after a timeout what is left stays collected, and `flush` goes on with it.
---
--- ```lua
--- local l = socket.listen("127.0.0.1", 0)
--- local a = socket.connect(l:getsockname())
--- a:write("n = ", 1, "\n"):write("bye\n")
--- a:close()
--- assert(l:accept():recvall() == "n = 1\nbye\n")
--- ```
---@async
---@param ... string|number what to send
---@return stream self
---@return nil, string err
function stream:write(...) end

--- Sends what was written.
---@async
---@return true ok
---@return nil, string err
function stream:flush() end

--- Ends one direction of the connection, or both.
---
--- ```lua
--- local l = socket.listen("127.0.0.1", 0)
--- local a = socket.connect(l:getsockname())
--- local b = l:accept()
--- a:send("question") a:shutdown("write")
--- b:send("answer to " .. b:recvall()) b:close()
--- assert(a:recvall() == "answer to question")
--- ```
---@async
---@param how? "read"|"write"|"both" "both" unless given
---@return true ok
---@return nil, string err
function stream:shutdown(how) end

--- Datagrams: what a UDP socket can, and a unix datagram socket.
---@class dgram
local dgram = {}

--- Sends a datagram to an address, or each of a table of strings.
---
--- A table is sent in batches, several datagrams in one system call.
---
--- ```lua
--- local a, b = socket.udp(), socket.udp()
--- assert(a:bind("127.0.0.1", 0))
--- local host, port = a:getsockname()
--- assert(b:sendto({"one", "two"}, host, port) == 2)
--- assert(a:recvfrom() == "one" and a:recvfrom() == "two")
--- ```
---@async
---@param data string|table the datagram, or several
---@param host string host, or host and port in one string; a path for a unix socket
---@param port? integer the port
---@return integer n the bytes sent; of a table, the datagrams
---@return nil, string err, integer n
function dgram:sendto(data, host, port) end

--- Receives a datagram and says where it came from.
---
--- An empty datagram is an empty string. What does not fit into n is lost.
---@async
---@param n? integer at most so many bytes, 65,535 unless given
---@param opts? wait_options
---@return string data
---@return string host or the path of a unix socket
---@return integer port
---@return nil, string err
function dgram:recvfrom(n, opts) end

--- Sends a datagram to the connected peer.
---@async
---@param data string the datagram
---@return integer n bytes
---@return nil, string err
function dgram:send(data) end

--- Receives a datagram.
---@async
---@param n? integer at most so many bytes, 65,535 unless given
---@param opts? wait_options
---@return string data
---@return nil, string err
function dgram:recv(n, opts) end

--- What listens for connections.
---@class listener
local listener = {}

--- Starts to listen on the address that was bound.
---@param backlog? integer how many connections may wait for `accept`, 512 unless given
---@return true ok
---@return nil, string err
function listener:listen(backlog) end

--- Waits for a connection.
---
--- ```lua
--- local l = socket.listen("127.0.0.1", 0)
--- l:settimeout(0.01)
--- local conn, err = l:accept()
--- assert(conn == nil and err == "timeout")
--- ```
---@async
---@return tcp|unix conn
---@return string host the peer's; its path for a unix socket
---@return integer port the peer's
---@return nil, string err
function listener:accept() end

--- A TCP socket: a connection, or a listener.
---@class tcp : sock, stream, listener
local tcp = {}

--- A UDP socket.
---@class udp : sock, dgram
local udp = {}

--- A unix socket: a connection, a listener, or for datagrams.
---@class unix : sock, stream, listener, dgram
local unix = {}

--- A server made by `socket.serve`.
---@class server
local server = {}

--- Stops accepting connections.
---
--- Those that are open go on. With a time given it waits that long for them to
--- end and then cancels their fibers.
---@async
---@param grace? number seconds; nothing does not wait
---@return true ok
function server:stop(grace) end

--- Answers the address the server listens on.
---@return string host or the path of a unix socket
---@return integer port
function server:addr() end

--- Waits until the server is stopped and its last handler has ended.
---@async
---@param timeout? number seconds
---@return true ok
---@return nil, string err
function server:wait(timeout) end

--- Counts the connections whose handlers run.
---@return integer n
function server:connections() end

return socket
